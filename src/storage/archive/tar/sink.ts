// Where the bytes of a new archive go: gathered, counted, hashed where asked, and written to a descriptor.
import { createHash, type Hash } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { Digest } from '#shared/oci/digest.ts';

const bufferBytes = 256 * 1024;

export class TarSink {
  #fd: number | null;
  #hash: Hash | undefined;
  #buffer = Buffer.allocUnsafe(bufferBytes);
  #used = 0;
  #total = 0;

  /** Without a descriptor the bytes are only counted and hashed. The descriptor stays the caller's. */
  constructor(fd: number | null, { hashed }: { hashed: boolean }) {
    this.#fd = fd;
    this.#hash = hashed ? createHash('sha256') : undefined;
  }

  get totalBytes(): number {
    return this.#total;
  }

  /** Is done with `bytes` when it returns. */
  write(bytes: Buffer): void {
    this.#total += bytes.length;
    if (bytes.length >= bufferBytes) {
      this.flush();
      this.#put(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const count = bytes.copy(this.#buffer, this.#used, at);
      at += count;
      this.#used += count;
      if (this.#used === bufferBytes) this.flush();
    }
  }

  /** Everything written so far has reached the descriptor. */
  flush(): void {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#put(bytes);
  }

  #put(bytes: Buffer): void {
    this.#hash?.update(bytes);
    if (this.#fd === null) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at);
  }

  /** Flushes, and gives the digest of all. Once. */
  digest(): Digest {
    this.flush();
    return `sha256:${(this.#hash ?? createHash('sha256')).digest('hex')}`;
  }
}
