// Digests that are being stored just now: the collector must not take them between the file and its record.
import type { Digest } from '#shared/oci/digest.ts';

export class Pins {
  #counts = new Map<Digest, number>();

  /** Pinned until disposed. */
  hold(digest: Digest): Disposable {
    this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#counts.get(digest) ?? 1) - 1;
        if (left > 0) this.#counts.set(digest, left);
        else this.#counts.delete(digest);
      },
    };
  }

  has(digest: Digest): boolean {
    return this.#counts.has(digest);
  }
}
