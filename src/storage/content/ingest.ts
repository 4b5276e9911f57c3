// One blob on its way in: written to a partial file, verified, then renamed to its digest.
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { invalid } from '#shared/errors.ts';
import { algorithmOf, type BlobDigest } from '#shared/oci/digest.ts';
import { diskFault, isDiskFull } from '../disk-faults.ts';
import { type Arrival, followFile } from './follow.ts';
import type { Unsynced } from './unsynced.ts';

export interface Expected {
  digest: BlobDigest;
  /** Bytes. Undefined where the sender did not say. */
  size?: number;
}

export interface IngestPlace {
  partial: string;
  final: string;
  /** Called once, when the ingest is over in whichever way. */
  onEnd: () => void;
  unsynced: Unsynced;
}

// Chunks from a socket are some 64 KiB: fewer, larger writes cost fewer trips to the thread pool.
const batchBytes = 1 << 20;

/**
 * Exclusive use of one partial file. Disposing without `commit` or `discard` keeps what was written, and a later
 * ingest under the same key goes on at `offset`.
 */
export class Ingest implements AsyncDisposable {
  readonly expected: Expected;
  #place: IngestPlace;
  #file: FileHandle;
  #hash: Hash;
  #offset: number;
  #batch: Buffer[] = [];
  #batched = 0;
  #open = true;
  #arrival: Arrival;

  constructor(place: IngestPlace, expected: Expected, at: { file: FileHandle; hash: Hash; offset: number }) {
    this.#place = place;
    this.expected = expected;
    this.#file = at.file;
    this.#hash = at.hash;
    this.#offset = at.offset;
    this.#arrival = { bytes: at.offset, ended: false, next: Promise.withResolvers() };
  }

  /** How many bytes are here already: where the sender should go on. */
  get offset(): number {
    return this.#offset;
  }

  /** Appends bytes; the caller must not change `chunk` afterwards. More than expected throws `invalid`. */
  async write(chunk: Uint8Array): Promise<void> {
    const { size, digest } = this.expected;
    if (size !== undefined && this.#offset + chunk.length > size) {
      await this.discard();
      throw invalid(`blob ${digest}: more than the expected ${size} bytes arrived`);
    }
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#hash.update(bytes);
    this.#offset += bytes.length;
    this.#batch.push(bytes);
    this.#batched += bytes.length;
    if (this.#batched >= batchBytes) await this.#flush();
  }

  /**
   * The bytes from the first to the last, as they arrive; not verified before `commit` has resolved. Breaks off
   * where the ingest ends without having them all. The caller owns the stream.
   */
  follow(): Readable {
    return followFile(this.#place.partial, () => this.#arrival);
  }

  /**
   * The blob is complete: afterwards it is in the store, verified and on disk. Where its digest or size is
   * not the expected one the partial file is deleted and `invalid` thrown. With `sync: 'later'` it survives a killed
   * process at once, and a power cut some seconds later; one that does not is gone at the next start.
   */
  async commit({ sync = 'now' }: { sync?: 'now' | 'later' } = {}): Promise<void> {
    await this.#flush();
    this.#arrive({ ended: 'whole' });
    const { digest, size } = this.expected;
    const found = `${algorithmOf(digest)}:${this.#hash.digest('hex')}`;
    if (size !== undefined && this.#offset !== size) {
      await this.discard();
      throw invalid(`blob ${digest}: expected ${size} bytes, got ${this.#offset}`);
    }
    if (found !== digest) {
      await this.discard();
      throw invalid(`blob digest mismatch: expected ${digest}, got ${found}`);
    }
    try {
      if (sync === 'now') await this.#file.datasync();
      else this.#place.unsynced.mark(digest, this.#offset);
      await rename(this.#place.partial, this.#place.final);
      if (sync === 'later') void this.#place.unsynced.settle(digest, this.#place.final);
    } catch (thrown) {
      throw diskFault(`writing blob ${digest}`, thrown);
    }
    await this.#end();
  }

  /** Deletes what was written. */
  async discard(): Promise<void> {
    this.#batch = [];
    await rm(this.#place.partial, { force: true });
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    try {
      await this.#flush();
    } finally {
      await this.#end();
    }
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batched = 0;
    try {
      if (batch.length > 0) await writeAll(this.#file, batch);
      this.#arrive({ bytes: this.#arrival.bytes + batch.reduce((sum, each) => sum + each.length, 0) });
    } catch (thrown) {
      // A part that fills the disk is not worth keeping for later: it gives its room back.
      if (isDiskFull(thrown)) await this.discard();
      throw diskFault(`writing blob ${this.expected.digest}`, thrown);
    }
  }

  #arrive(news: Partial<Arrival>): void {
    const { next } = this.#arrival;
    this.#arrival = { ...this.#arrival, ...news, next: Promise.withResolvers() };
    next.resolve();
  }

  async #end(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    if (!this.#arrival.ended) this.#arrive({ ended: 'broken' });
    this.#place.onEnd();
    await this.#file.close();
  }
}

/** Opens the partial file and hashes what an earlier attempt left in it. */
export async function openIngest(place: IngestPlace, expected: Expected): Promise<Ingest> {
  let file: FileHandle | undefined;
  try {
    file = await open(place.partial, 'a+', 0o600);
    const { size: found } = await file.stat();
    if (expected.size !== undefined && found > expected.size) await file.truncate(0);
    const hash = createHash(algorithmOf(expected.digest));
    const offset = await hashFile(file, hash);
    return new Ingest(place, expected, { file, hash, offset });
  } catch (thrown) {
    await file?.close();
    place.onEnd();
    throw diskFault(`writing blob ${expected.digest}`, thrown);
  }
}

async function hashFile(file: FileHandle, hash: Hash): Promise<number> {
  const buffer = Buffer.allocUnsafe(batchBytes);
  let offset = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) return offset;
    hash.update(buffer.subarray(0, bytesRead));
    offset += bytesRead;
  }
}

async function writeAll(file: FileHandle, batch: Buffer[]): Promise<void> {
  const { bytesWritten } = await file.writev(batch);
  const total = batch.reduce((sum, each) => sum + each.length, 0);
  if (bytesWritten === total) return;
  let rest = Buffer.concat(batch).subarray(bytesWritten);
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
}
