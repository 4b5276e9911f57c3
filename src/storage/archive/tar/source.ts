// The bytes of an archive, read synchronously from a descriptor: hashed, counted and limited on the way.
import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { invalid } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';

export interface SourceOptions {
  /** More bytes than this throw `invalid`. */
  maxBytes?: number;
  /** False where nobody asks for the digest: `finish` then gives that of nothing. */
  hashed?: boolean;
  /** Called after each read with the count so far; may throw to stop. */
  onRead?: (totalBytes: number) => void;
}

const capacityBytes = 1 << 20;
/** The most that `take` gives at once. */
export const maxTakeBytes = capacityBytes;

export class ByteSource {
  #fd: number;
  #options: SourceOptions;
  #buffer = Buffer.allocUnsafe(2 * capacityBytes);
  #start = 0;
  #end = 0;
  #hash: Hash = createHash('sha256');
  #total = 0;

  /** The descriptor stays the caller's. */
  constructor(fd: number, options: SourceOptions = {}) {
    this.#fd = fd;
    this.#options = options;
  }

  get totalBytes(): number {
    return this.#total;
  }

  /** The next `count` bytes as a view that is good until the next call; undefined at a clean end. */
  take(count: number): Buffer | undefined {
    while (this.#end - this.#start < count) {
      if (this.#fill()) continue;
      if (this.#end === this.#start) return undefined;
      throw unexpectedEnd();
    }
    const view = this.#buffer.subarray(this.#start, this.#start + count);
    this.#start += count;
    return view;
  }

  /** Hands the next `count` bytes to `sink` in pieces that are good only during the call. */
  each(count: number, sink?: (piece: Buffer) => void): void {
    for (let left = count; left > 0; ) {
      if (this.#end === this.#start && !this.#fill()) throw unexpectedEnd();
      const length = Math.min(left, this.#end - this.#start);
      sink?.(this.#buffer.subarray(this.#start, this.#start + length));
      this.#start += length;
      left -= length;
    }
  }

  /** Reads to the end, and gives the digest of all bytes that were read. */
  finish(): Digest {
    do {
      this.#start = 0;
      this.#end = 0;
    } while (this.#fill());
    return `sha256:${this.#hash.digest('hex')}`;
  }

  #fill(): boolean {
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    } else if (this.#buffer.length - this.#end < 65536) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const count = readSync(this.#fd, this.#buffer, this.#end, this.#buffer.length - this.#end, null);
    if (count === 0) return false;
    if (this.#options.hashed !== false)
      this.#hash.update(this.#buffer.subarray(this.#end, this.#end + count));
    this.#end += count;
    this.#total += count;
    const { maxBytes, onRead } = this.#options;
    if (maxBytes !== undefined && this.#total > maxBytes) {
      throw invalid(`archive unpacks to more than ${maxBytes} bytes`);
    }
    onRead?.(this.#total);
    return true;
  }
}

const unexpectedEnd = (): Error => invalid('archive is truncated: unexpected end of data');
