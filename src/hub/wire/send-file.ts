// A file's bytes to a client, through buffers that all transfers share: many clients at once take little memory.
import { read } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import type { Span } from './ranges.ts';

/** Buffers of one size, used again and again; the one used last is the one a processor's cache still has. */
interface Pool {
  bytes: number;
  spare: Buffer[];
  inUse: number;
  most: number;
}

// A read costs a trip to the thread pool, whatever its length, so large buffers are the quick ones. There are few of
// them: a crowd takes turns with them (200 pulls at once took 2.0 s; with buffers of 128 KiB for all, 2.9 s). Whoever
// finds none free takes a small one: clients that stopped reading may hold the large ones, and must not hold others up.
const large: Pool = { bytes: 1 << 20, spare: [], inUse: 0, most: 24 };
const small: Pool = { bytes: 1 << 17, spare: [], inUse: 0, most: Number.POSITIVE_INFINITY };

// With so many transfers there is always one to work for while others wait: each needs no second buffer.
const crowd = 12;
let transfers = 0;

// A crowd's buffers are kept for the next one, or garbage would pile up faster than it is collected; but not for ever.
const keptMs = 30_000;
let emptying: NodeJS.Timeout | undefined;

function emptyPools(): void {
  if (transfers > 0) return;
  large.spare = [];
  small.spare = [];
}

const readAt = promisify(read);

/**
 * Sends the span of the file as the rest of the answer and ends it. Where few ask, reading the next piece overlaps with
 * sending the one before. Where the client goes away, or the file is too short, it throws, and the answer is torn.
 */
export async function sendFile(response: ServerResponse, path: string, span: Span): Promise<void> {
  const file = await open(path, 'r');
  transfers++;
  let sending: Promise<void> | undefined;
  try {
    for (let at = span.start; at < span.end; ) {
      if (transfers > crowd) await sending;
      const piece = await readPiece(file.fd, { start: at, end: span.end });
      at += piece.bytes.length;
      const before = sending;
      sending = sendPiece(response, piece, before);
      // A failure is thrown to whoever waits next; until then it must not count as unhandled.
      sending.catch(() => {});
      await before;
    }
    await sending;
    response.end();
  } finally {
    transfers--;
    clearTimeout(emptying);
    emptying = setTimeout(emptyPools, keptMs).unref();
    await file.close();
  }
}

interface Piece {
  pool: Pool;
  buffer: Buffer;
  /** The part of the buffer that was read. */
  bytes: Buffer;
}

async function readPiece(fd: number, { start, end }: Span): Promise<Piece> {
  const pool = large.inUse < large.most ? large : small;
  pool.inUse++;
  try {
    const buffer = pool.spare.pop() ?? Buffer.allocUnsafeSlow(pool.bytes);
    const { bytesRead } = await readAt(fd, buffer, 0, Math.min(buffer.length, end - start), start);
    if (bytesRead === 0) throw new Error('the file is shorter than its record says');
    return { pool, buffer, bytes: buffer.subarray(0, bytesRead) };
  } catch (thrown) {
    pool.inUse--;
    throw thrown;
  }
}

/** Sends the piece after the one before it, and gives its buffer back. */
async function sendPiece(
  response: ServerResponse,
  { pool, buffer, bytes }: Piece,
  before: Promise<void> | undefined,
): Promise<void> {
  try {
    await before;
    await writePiece(response, bytes);
    // Only now: what a torn connection still holds must not be written to.
    pool.spare.push(buffer);
  } finally {
    pool.inUse--;
  }
}

/** Resolves once the socket has taken the bytes, so that their buffer may be used again. */
export function writePiece(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(Object.assign(new Error('the client went away'), { code: 'ECONNRESET' }));
    if (response.destroyed) return gone();
    response.once('close', gone);
    response.write(bytes, (thrown) => {
      response.off('close', gone);
      if (thrown) reject(thrown);
      else resolve();
    });
  });
}
