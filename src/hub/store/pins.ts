// Digests that are being stored just now: the collector must not take them between the file and its record.
import type { BlobDigest } from '#shared/oci/digest.ts';

export class Pins {
  #counts = new Map<BlobDigest, number>();

  /** Pinned until disposed. */
  hold(digest: BlobDigest): Disposable {
    this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#counts.get(digest) ?? 1) - 1;
        if (left > 0) this.#counts.set(digest, left);
        else this.#counts.delete(digest);
      },
    };
  }

  has(digest: BlobDigest): boolean {
    return this.#counts.has(digest);
  }
}
