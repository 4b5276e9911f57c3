// Uploads: started, appended to, asked for, finished or given up; they outlive a killed client and a killed Hub.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf } from '#shared/errors.ts';
import { KeyedLock } from '#shared/lock.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { algorithmOf, type BlobDigest } from '#shared/oci/digest.ts';
import type { ContentStore } from '#storage/content/content.ts';
import { refuse } from '../failures.ts';
import type { Pins } from './pins.ts';
import type { Quota } from './quota.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import type { RepositoryQuotas } from './repository-quotas.ts';
import { openUploadFile, type UploadFile } from './upload-file.ts';

export interface UploadStores {
  dir: string;
  records: Records;
  repositories: Repositories;
  content: ContentStore;
  pins: Pins;
  quota: Quota;
  repositoryQuotas: RepositoryQuotas;
}

export interface UploadKey {
  repository: string;
  id: string;
}

export interface Chunk {
  body: Readable;
  /** Where it must begin (Content-Range); anywhere else is refused. */
  at?: number | undefined;
  /** How long it must be, where the client said so. */
  sizeBytes?: number | undefined;
}

interface Live {
  file: UploadFile;
  /** What is being received now. */
  body?: Readable;
}

const idPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class Uploads {
  #stores: UploadStores;
  #lock = new KeyedLock();
  #live = new Map<string, Live>();

  constructor(stores: UploadStores) {
    this.#stores = stores;
    makeFolders(mkdirSync, stores.dir, 0o700);
    this.#sweep();
  }

  /** Starts an upload; its id is not to be guessed. */
  start(repository: string): UploadKey {
    const key = { repository, id: randomUUID() };
    this.#stores.records.uploads.put(key.id, { repository, atMs: Date.now() });
    return key;
  }

  /** How many bytes are here. Throws BLOB_UPLOAD_UNKNOWN. */
  async offset(key: UploadKey): Promise<number> {
    this.#assertKnown(key);
    const live = this.#live.get(key.id);
    return live?.file.offset ?? statSync(this.#path(key), { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Appends the chunk and resolves to the new offset. A client that comes back while its torn connection still looks
   * open takes over. Where the chunk tears, what arrived is kept. Throws RANGE_INVALID (416) on the wrong place,
   * SIZE_INVALID on the wrong length, DENIED over the quota.
   */
  async append(key: UploadKey, chunk: Chunk): Promise<number> {
    this.#assertKnown(key);
    this.#live.get(key.id)?.body?.destroy();
    return await this.#lock.run(key.id, () => this.#append(key, chunk));
  }

  /** The blob is complete: verified, on disk, linked in the repository. Resolves to its size. Throws DIGEST_INVALID. */
  async finish(key: UploadKey, digest: BlobDigest): Promise<number> {
    return await this.#lock.run(key.id, () => this.#finish(key, digest));
  }

  /** Gives the upload up. Throws BLOB_UPLOAD_UNKNOWN. */
  async cancel(key: UploadKey): Promise<void> {
    this.#assertKnown(key);
    this.#live.get(key.id)?.body?.destroy();
    await this.#lock.run(key.id, () => this.#discard(key));
  }

  /** Removes uploads that nobody went on with for so long; resolves to how many. */
  async expire(idleMs: number): Promise<number> {
    let count = 0;
    for (const { id, value } of this.#stores.records.uploads.all()) {
      const key = { repository: value.repository, id };
      const lastMs = statSync(this.#path(key), { throwIfNoEntry: false })?.mtimeMs ?? value.atMs;
      if (Date.now() - lastMs < idleMs || this.#live.get(id)?.body !== undefined) continue;
      await this.#lock.run(id, () => this.#discard(key));
      count++;
    }
    return count;
  }

  async #append(key: UploadKey, { body, at, sizeBytes }: Chunk): Promise<number> {
    this.#assertKnown(key);
    const live = await this.#open(key);
    const { file } = live;
    if (at !== undefined && at !== file.offset) {
      const text = `the chunk begins at byte ${at}, but ${file.offset} bytes are here`;
      throw refuse('RANGE_INVALID', text, { detail: { offset: file.offset } });
    }
    this.#stores.quota.check(sizeBytes ?? 0);
    this.#stores.repositoryQuotas.check(key.repository, file.offset + (sizeBytes ?? 0));
    const before = file.offset;
    live.body = body;
    try {
      await this.#receive(file, body);
    } finally {
      delete live.body;
      await this.#settle(key, file);
    }
    const got = file.offset - before;
    if (sizeBytes !== undefined && got !== sizeBytes) {
      throw refuse('SIZE_INVALID', `the chunk was to have ${sizeBytes} bytes, ${got} arrived`);
    }
    return file.offset;
  }

  async #receive(file: UploadFile, body: Readable): Promise<void> {
    // Leaving the loop early must not destroy the request: the client is owed an answer.
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      this.#stores.quota.charge(chunk.length);
      await file.write(chunk);
    }
  }

  async #settle(key: UploadKey, file: UploadFile): Promise<void> {
    try {
      await file.rest();
    } catch (thrown) {
      // What the disk took is no longer what was hashed: the next attempt reads the file again.
      this.#live.delete(key.id);
      // On a full disk it cannot go on, and what it takes is what a deletion needs.
      if (messageOf(thrown).startsWith('no space left')) await this.#empty(key, file);
      throw thrown;
    }
  }

  /** The upload is at its beginning again. */
  async #empty(key: UploadKey, file: UploadFile | undefined): Promise<void> {
    const path = this.#path(key);
    this.#stores.quota.refund(file?.offset ?? statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    await rm(path, { force: true });
  }

  async #finish(key: UploadKey, digest: BlobDigest): Promise<number> {
    this.#assertKnown(key);
    const { file } = await this.#open(key);
    const found = await file.digest(algorithmOf(digest));
    if (found !== digest) {
      await this.#discard(key);
      throw refuse('DIGEST_INVALID', `the uploaded content has digest ${found}, not ${digest}`);
    }
    using _ = this.#stores.pins.hold(digest);
    // Of several who bring the same blob, the first stores it, and it is counted once.
    return await this.#lock.run(`blob ${digest}`, () => this.#store(key, digest, file));
  }

  async #store(key: UploadKey, digest: BlobDigest, file: UploadFile): Promise<number> {
    const { records, repositories, content, quota } = this.#stores;
    const sizeBytes = file.offset;
    using _ = await this.#reserve(key, digest, sizeBytes);
    if (content.has(digest)) {
      await rm(file.path, { force: true });
      quota.refund(sizeBytes);
    } else {
      await file.moveTo(content.path(digest));
    }
    records.state.transaction(() => {
      repositories.link(key.repository, digest, sizeBytes);
      records.uploads.delete(key.id);
    });
    this.#live.delete(key.id);
    return sizeBytes;
  }

  /** What was streamed without a length is known to be too much only here; then nothing of it is kept. */
  async #reserve(key: UploadKey, digest: BlobDigest, sizeBytes: number): Promise<Disposable | undefined> {
    const { repositories, repositoryQuotas } = this.#stores;
    if (repositories.blobSize(key.repository, digest) !== undefined) return undefined;
    try {
      return repositoryQuotas.reserve(key.repository, sizeBytes);
    } catch (thrown) {
      await this.#discard(key);
      throw thrown;
    }
  }

  async #discard(key: UploadKey): Promise<void> {
    await this.#empty(key, this.#live.get(key.id)?.file);
    this.#stores.records.uploads.delete(key.id);
    this.#live.delete(key.id);
  }

  async #open(key: UploadKey): Promise<Live> {
    const known = this.#live.get(key.id);
    if (known !== undefined) return known;
    const live: Live = { file: await openUploadFile(this.#path(key)) };
    this.#live.set(key.id, live);
    return live;
  }

  #path({ id }: UploadKey): string {
    return join(this.#stores.dir, id);
  }

  #assertKnown({ repository, id }: UploadKey): void {
    const record = idPattern.test(id) ? this.#stores.records.uploads.get(id) : undefined;
    if (record?.repository === repository) return;
    throw refuse('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  }

  /** Files whose record never came, or is gone. */
  #sweep(): void {
    const { dir, records } = this.#stores;
    for (const id of readdirSync(dir)) {
      if (records.uploads.get(id) === undefined) rmSync(join(dir, id), { force: true });
    }
  }
}
