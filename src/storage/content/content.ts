// The door of the content store: blobs by digest, in the folders of an OCI image layout.
import { createHash, randomBytes } from 'node:crypto';
import {
  createReadStream,
  mkdirSync,
  type ReadStream,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, conflict, internal, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import {
  algorithmOf,
  type BlobDigest,
  type DigestAlgorithm,
  digestAlgorithms,
  hexOf,
  isBlobDigest,
} from '#shared/oci/digest.ts';
import { diskFault } from '../disk-faults.ts';
import { type Expected, type Ingest, openIngest } from './ingest.ts';
import { Unsynced } from './unsynced.ts';

export interface PartialBlob {
  path: string;
  sizeBytes: number;
  changedAtMs: number;
}

// A torn download is worth keeping for a while, not for ever.
const partialKeptMs = 7 * 24 * 3600 * 1000;

/** Blobs at rest: `blobs/<algorithm>/<hex>`, and `ingest/<hex>` for those on their way. Nothing is there unverified. */
export class ContentStore {
  #blobs: string;
  #ingest: string;
  #busy = new Set<string>();
  #unsynced: Unsynced;

  constructor(dir: string) {
    this.#blobs = join(dir, 'blobs');
    this.#ingest = join(dir, 'ingest');
    for (const algorithm of digestAlgorithms) makeFolders(mkdirSync, join(this.#blobs, algorithm), 0o700);
    makeFolders(mkdirSync, this.#ingest, 0o700);
    this.#unsynced = new Unsynced(join(dir, 'unsynced'));
    this.#unsynced.sweep((digest) => this.path(digest));
    this.#sweep();
  }

  /** Where the blob's file is, or would be. */
  path(digest: BlobDigest): string {
    return join(this.#blobs, algorithmOf(digest), hexOf(digest));
  }

  has(digest: BlobDigest): boolean {
    return this.#find(digest) !== undefined;
  }

  /** Bytes; throws `not-found`. */
  size(digest: BlobDigest): number {
    const size = this.#find(digest);
    if (size === undefined) throw notFound(`blob ${digest} not found`);
    return size;
  }

  /** All bytes of a small blob (manifest, config), verified again. Throws `not-found`, or `internal` where damaged. */
  async read(digest: BlobDigest): Promise<Buffer> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.path(digest));
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT') throw notFound(`blob ${digest} not found`, { cause: thrown });
      throw thrown;
    }
    const found = digestOf(bytes, algorithmOf(digest));
    if (found !== digest) throw internal(`blob ${digest} is damaged: its bytes have digest ${found}`);
    return bytes;
  }

  /** The blob's bytes as a stream that the caller owns. */
  open(digest: BlobDigest): ReadStream {
    return createReadStream(this.path(digest), { highWaterMark: 1 << 20 });
  }

  /** Stores a small blob. It survives a killed process at once, a power cut some seconds later. */
  async put<A extends DigestAlgorithm = 'sha256'>(
    bytes: Uint8Array,
    algorithm?: A,
  ): Promise<`${A}:${string}`> {
    const digest = digestOf(bytes, algorithm);
    if (this.#find(digest) === bytes.length) return digest;
    const partial = join(this.#ingest, `put-${randomBytes(8).toString('hex')}`);
    try {
      writeFileSync(partial, bytes, { mode: 0o600, flag: 'wx' });
      renameSync(partial, this.path(digest));
    } catch (thrown) {
      rmSync(partial, { force: true });
      throw diskFault(`writing blob ${digest}`, thrown);
    }
    return digest;
  }

  /**
   * Begins, or goes on with, a blob of known digest. The key names the download (the digest will do); `conflict`
   * where one of the same key is being written now.
   */
  async ingest(key: string, expected: Expected): Promise<Ingest> {
    const name = isBlobDigest(key) ? hexOf(key) : hexOf(digestOf(Buffer.from(key)));
    if (this.#busy.has(name)) throw conflict(`blob ${expected.digest} is being written already`);
    this.#busy.add(name);
    const place = {
      partial: join(this.#ingest, name),
      final: this.path(expected.digest),
      onEnd: () => this.#busy.delete(name),
      unsynced: this.#unsynced,
    };
    return await openIngest(place, expected);
  }

  /**
   * Takes a file whose bytes the caller has hashed: it is the blob from now on, and gone from `path`. Survives a
   * killed process at once, a power cut some seconds later.
   */
  adopt(path: string, { digest, size }: Required<Expected>): void {
    try {
      this.#unsynced.mark(digest, size);
      renameSync(path, this.path(digest));
      void this.#unsynced.settle(digest, this.path(digest));
    } catch (thrown) {
      throw diskFault(`writing blob ${digest}`, thrown);
    }
  }

  /** Removes the blob; true where there was one. */
  delete(digest: BlobDigest): boolean {
    const was = this.has(digest);
    rmSync(this.path(digest), { force: true });
    return was;
  }

  /** Digests of all blobs. */
  list(): BlobDigest[] {
    return digestAlgorithms.flatMap((algorithm) =>
      readdirSync(join(this.#blobs, algorithm))
        .map((hex): string => `${algorithm}:${hex}`)
        .filter(isBlobDigest),
    );
  }

  /** Partial blobs that wait for a resume, and those being written. */
  ingests(): PartialBlob[] {
    return readdirSync(this.#ingest).flatMap((name) => {
      const path = join(this.#ingest, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ path, sizeBytes: stat.size, changedAtMs: stat.mtimeMs }];
    });
  }

  #find(digest: BlobDigest): number | undefined {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.size;
  }

  #sweep(): void {
    for (const { path, changedAtMs } of this.ingests()) {
      const torn = path.startsWith(join(this.#ingest, 'put-'));
      if (torn || Date.now() - changedAtMs > partialKeptMs) rmSync(path, { force: true });
    }
  }
}

/** Opens (or creates) the content store in `dir`, and clears away what can never be resumed. */
export function openContent(dir: string): ContentStore {
  return new ContentStore(dir);
}

/** The digest of these bytes. */
export function digestOf<A extends DigestAlgorithm = 'sha256'>(
  bytes: Uint8Array,
  algorithm: DigestAlgorithm | A = 'sha256',
): `${A}:${string}` {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as `${A}:${string}`;
}
