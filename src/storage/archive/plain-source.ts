// Plain bytes for a worker to read: from a file or a stream, whichever compression it has.
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { startProgram } from '#kernel/spawn.ts';
import { codeOf, EngineError, invalid, messageOf } from '#shared/errors.ts';
import {
  type Compression,
  decompressorFor,
  findDecompressor,
  missingDecompressor,
  sniffBytes,
  sniffCompression,
} from './compression.ts';
import { openPipe, socketOn } from './pipe.ts';
import { pourInto } from './pour.ts';

// Below this a program takes longer to start than it saves.
const bigBytes = 1 << 20;

/** The descriptor gives plain bytes to blocking reads. */
export interface PlainSource {
  fd: number;
  /** Nothing was undone: the bytes are those of the file itself. */
  asStored?: true;
  /** Resolves once all bytes were given; rejects with what was wrong with them. */
  ended: Promise<void>;
  /** Makes a reader see the end soon. Safe to repeat. */
  stop(): void;
  /** Call it once nobody reads any more; nothing is left open or running soon after. Safe to repeat. */
  close(): void;
}

/** The plain bytes of the file at `path`. */
export function openPlainFile(path: string): PlainSource {
  const fd = openSync(path, 'r');
  const start = Buffer.alloc(sniffBytes);
  const count = readSync(fd, start, 0, sniffBytes, 0);
  const compression = sniffCompression(start.subarray(0, count));
  if (compression === 'none') {
    return {
      fd,
      asStored: true,
      ended: Promise.resolve(),
      stop: () => {},
      close: once(() => closeSync(fd)),
    };
  }
  const codec = findDecompressor(compression);
  const isBig = fstatSync(fd).size > bigBytes;
  if (codec === undefined || (!isBig && decompressorFor(compression) !== undefined)) {
    return pumped(createReadStream(path, { fd, start: 0, highWaterMark: 1 << 20 }), compression);
  }
  const { readFd, writeFd } = openPipe();
  const child = startProgram(codec.program, codec.args, { stdio: [fd, writeFd, 'pipe'] });
  closeSync(fd);
  closeSync(writeFd);
  const stop = (): void => void child.kill('SIGKILL');
  const close = once(() => {
    closeSync(readFd);
    if (child.exitCode === null) stop();
  });
  return { fd: readFd, ended: quiet(endOf(child, compression)), stop, close };
}

/** The plain bytes of a stream, which is read to its end or destroyed. */
export async function openPlainStream(stream: Readable): Promise<PlainSource> {
  return pumped(stream, sniffCompression(await peek(stream)));
}

/** As `openPlainStream`, for many bytes: a program undoes the compression where one is installed. */
export async function openPlainFlow(stream: Readable): Promise<PlainSource> {
  const compression = sniffCompression(await peek(stream));
  const codec = compression === 'none' ? undefined : findDecompressor(compression);
  if (codec === undefined) return pumped(stream, compression);
  const input = openPipe();
  const output = openPipe();
  const child = startProgram(codec.program, codec.args, { stdio: [input.readFd, output.writeFd, 'pipe'] });
  closeSync(input.readFd);
  closeSync(output.writeFd);
  const results = Promise.allSettled([
    pourInto(stream, socketOn(input.writeFd, 'write')),
    endOf(child, compression),
  ]);
  const stop = (): void => {
    stream.destroy();
    child.kill('SIGKILL');
  };
  const close = once(() => {
    closeSync(output.readFd);
    if (child.exitCode === null) stop();
  });
  return { fd: output.readFd, ended: quiet(results.then(throwFirst)), stop, close };
}

/** What went wrong first: a program whose input broke off finds the data damaged. */
function throwFirst(results: PromiseSettledResult<void>[]): void {
  const failed = results.flatMap((result): unknown[] =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  if (failed.length > 0) throw failed.find((reason) => !isReaderGone(reason)) ?? failed[0];
}

function pumped(stream: Readable, compression: Compression): PlainSource {
  const { readFd, writeFd } = openPipe();
  const socket = socketOn(writeFd, 'write');
  const stop = (): void => {
    stream.destroy();
    socket.destroy();
  };
  const close = once(() => {
    closeSync(readFd);
    stop();
  });
  const through = decompressorFor(compression);
  const work = (): Promise<void> => {
    if (compression === 'none') return pourInto(stream, socket);
    if (through !== undefined) return pipeline(stream, through, socket);
    return throughProgram(stream, compression, socket);
  };
  const ended = work().catch((thrown: unknown) => {
    throw thrown instanceof EngineError || !isDataFault(thrown)
      ? thrown
      : invalid(`damaged ${compression} data: ${messageOf(thrown)}`, { cause: thrown });
  });
  return { fd: readFd, ended: quiet(ended), stop, close };
}

async function throughProgram(
  stream: Readable,
  compression: Compression,
  socket: ReturnType<typeof socketOn>,
): Promise<void> {
  const codec = compression === 'none' ? undefined : findDecompressor(compression);
  if (codec === undefined) {
    socket.destroy();
    throw missingDecompressor(compression);
  }
  const child = startProgram(codec.program, codec.args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw missingDecompressor(compression);
  const ended = endOf(child, compression);
  const results = await Promise.allSettled([pipeline(stream, stdin), pipeline(stdout, socket), ended]);
  const failed = results.reverse().find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function endOf(child: ReturnType<typeof startProgram>, compression: Compression): Promise<void> {
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(0, 500);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (thrown) => reject(thrown));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      // Stopped because nobody reads on: the reader says why.
      else if (signal !== null) reject(Object.assign(new Error('stopped'), { code: 'EPIPE' }));
      else reject(invalid(`damaged ${compression} data: ${words.trim() || `exit code ${code}`}`));
    });
  });
}

/** Whether a pump's failure is only that its reader went away first. */
export function isReaderGone(thrown: unknown): boolean {
  return ['EPIPE', 'ECANCELED', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'].includes(codeOf(thrown) ?? '');
}

const isDataFault = (thrown: unknown): boolean => /^(Z_|ZSTD_)/.test(codeOf(thrown) ?? '');

/** The first bytes, left in the stream. */
async function peek(stream: Readable): Promise<Buffer> {
  let seen = Buffer.alloc(0);
  while (seen.length < sniffBytes && !stream.readableEnded && !stream.destroyed) {
    const piece: unknown = stream.read();
    if (piece === null) await Promise.race([nextReadable(stream), finished(stream, { writable: false })]);
    else seen = Buffer.concat([seen, Buffer.from(piece as Uint8Array)]);
    if (piece === null && stream.readableLength === 0 && stream.readableEnded) break;
  }
  if (seen.length > 0) stream.unshift(seen);
  return seen;
}

function nextReadable(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once('readable', () => resolve()));
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

// It may fail long before anybody asks.
function quiet(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
