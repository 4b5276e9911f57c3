// The program of a spool worker: reads a context's tar, writes the contents of its files to one file, tells the index.
import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { cancelled, codeOf, EngineError, messageOf } from '#shared/errors.ts';
import { paddingOf, type TarEntry } from '#storage/archive/tar/entry.ts';
import { readEntries } from '#storage/archive/tar/reader.ts';
import { ByteSource, maxTakeBytes } from '#storage/archive/tar/source.ts';
import { eachContent } from '#storage/archive/tar/sparse.ts';
import { cleanName } from '#storage/archive/worker/entry-name.ts';
import type { SpoolAnswer, SpooledEntry, SpoolOrder } from './orders.ts';
import { storeEntries } from './store-files.ts';

const batchBytes = 1 << 20;

/** Appends to the spool, small pieces together. */
class Output {
  readonly #fd: number;
  #batch = Buffer.allocUnsafe(batchBytes);
  #filled = 0;
  offset = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Buffer): void {
    this.offset += bytes.length;
    if (this.#filled + bytes.length > batchBytes) this.flush();
    if (bytes.length >= batchBytes) {
      writeAll(this.#fd, bytes);
      return;
    }
    this.#filled += bytes.copy(this.#batch, this.#filled);
  }

  flush(): void {
    writeAll(this.#fd, this.#batch.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

function takeContent(entry: TarEntry, source: ByteSource, output: Output): string {
  if (entry.size <= maxTakeBytes && entry.runs === undefined) {
    const bytes = entry.size === 0 ? Buffer.alloc(0) : source.take(entry.size);
    if (bytes === undefined) throw new EngineError('invalid', 'archive is truncated: unexpected end of data');
    output.write(bytes);
    const digest = hash('sha256', bytes);
    source.each(paddingOf(entry.size));
    return digest;
  }
  const sum = createHash('sha256');
  eachContent(source, entry, (piece) => {
    sum.update(piece);
    output.write(piece);
  });
  return sum.digest('hex');
}

function sourceOf({ fd, control }: SpoolOrder): ByteSource {
  return new ByteSource(fd, {
    onRead: () => {
      if (Atomics.load(control, 0) !== 0) throw cancelled('cancelled');
    },
  });
}

function store(order: SpoolOrder): void {
  const source = sourceOf(order);
  storeEntries(source, { dir: order.path, incoming: join(order.path, '..', 'incoming') });
  source.finish();
}

function spool(order: SpoolOrder): SpooledEntry[] {
  const { path } = order;
  const out = openSync(path, 'wx', 0o600);
  try {
    const output = new Output(out);
    const source = sourceOf(order);
    const entries: SpooledEntry[] = [];
    for (const entry of readEntries(source)) {
      const { type, mode, size, mtime, linkName, major, minor } = entry;
      const offset = output.offset;
      const digest = type === 'file' ? takeContent(entry, source, output) : '';
      const name = cleanName(entry.name);
      entries.push({ name, type, mode, size, mtime, offset, digest, link: linkName, major, minor });
    }
    output.flush();
    source.finish();
    return entries;
  } finally {
    closeSync(out);
  }
}

function answer(order: SpoolOrder): SpoolAnswer {
  try {
    if (order.kind === 'spool') return { ok: true, entries: spool(order) };
    store(order);
    return { ok: true, entries: [] };
  } catch (thrown) {
    const kind = thrown instanceof EngineError ? thrown.kind : undefined;
    return { ok: false, kind, code: codeOf(thrown), message: messageOf(thrown) };
  }
}

parentPort?.on('message', (order: SpoolOrder) => parentPort?.postMessage(answer(order)));
