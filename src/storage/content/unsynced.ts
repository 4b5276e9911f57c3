// Blobs that have their names already while the disk still writes them: what a power cut tears is not taken for whole.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolders } from '#shared/make-folders.ts';
import { type BlobDigest, hexOf } from '#shared/oci/digest.ts';

const settleMs = 5_000;

/** A file for each such blob, with its size. */
export class Unsynced {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    makeFolders(mkdirSync, dir, 0o700);
  }

  /** Comes before the blob gets its name. */
  mark(digest: BlobDigest, sizeBytes: number): void {
    writeFileSync(join(this.#dir, hexOf(digest)), String(sizeBytes), { mode: 0o600 });
  }

  /** Resolves once the blob at `path` is on disk, or gone. Never rejects. */
  async settle(digest: BlobDigest, path: string): Promise<void> {
    // Not while the layer is unpacked: the disk would be asked for both at once.
    await sleep(settleMs, undefined, { ref: false });
    try {
      await using file = await open(path, 'r');
      await file.datasync();
      rmSync(join(this.#dir, hexOf(digest)), { force: true });
    } catch {
      // The mark stays: the next start looks at the blob.
    }
  }

  /** At a start: removes the blobs that are shorter than they were to be. */
  sweep(pathOf: (digest: BlobDigest) => string): void {
    for (const hex of readdirSync(this.#dir)) {
      const mark = join(this.#dir, hex);
      const path = pathOf(`${hex.length === 128 ? 'sha512' : 'sha256'}:${hex}`);
      const found = statSync(path, { throwIfNoEntry: false })?.size;
      if (String(found) !== readFileSync(mark, 'utf8')) rmSync(path, { force: true });
      rmSync(mark, { force: true });
    }
  }
}
