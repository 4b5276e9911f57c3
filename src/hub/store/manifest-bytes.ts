// Bytes of manifests: on the disk before any record tells of them.
import { KeyedLock } from '#shared/lock.ts';
import type { BlobDigest } from '#shared/oci/digest.ts';
import type { ContentStore } from '#storage/content/content.ts';
import type { Quota } from './quota.ts';

export class ManifestBytes {
  #content: ContentStore;
  #quota: Quota;
  #lock = new KeyedLock();

  constructor(content: ContentStore, quota: Quota) {
    this.#content = content;
    this.#quota = quota;
  }

  /** Afterwards the bytes are on disk. The digest must be theirs, and pinned by the caller. Throws DENIED over the quota. */
  async store(digest: BlobDigest, bytes: Buffer): Promise<void> {
    await this.#lock.run(digest, async () => {
      if (this.#content.has(digest)) return;
      this.#quota.charge(bytes.length);
      await using ingest = await this.#content.ingest(digest, { digest, size: bytes.length });
      // What a killed process left is its beginning.
      await ingest.write(bytes.subarray(ingest.offset));
      await ingest.commit();
    });
  }
}
