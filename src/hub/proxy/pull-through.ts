// A cache before another registry: what is asked for and not here is fetched, kept and served.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RegistryAuth } from '#registry/auth.ts';
import type { Referrer } from '#registry/lists.ts';
import { openRegistry, type RegistryClient, type RegistryOptions } from '#registry/registry.ts';
import { asEngineError, isKind, messageOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { type BlobDigest, type Digest, hexOf, isDigest } from '#shared/oci/digest.ts';
import type { Reference } from '#shared/oci/reference.ts';
import { refuse } from '../failures.ts';
import type { Hub } from '../hub.ts';
import { readManifest } from '../store/manifest-facts.ts';
import { openUploadFile, type UploadFile } from '../store/upload-file.ts';
import type { Page, PageAsked } from '../wire/paging.ts';
import { GrowingBlob } from './growing-blob.ts';

export interface ProxyOptions {
  /** `docker.io`, `ghcr.io`, `127.0.0.1:5001`. */
  upstream: string;
  auth?: RegistryAuth | undefined;
  /** Options of the client that asks upstream. */
  client?: RegistryOptions | undefined;
  /** How long a tag is taken for current; a minute unless told. */
  tagLifeMs?: number | undefined;
}

const tagsAPage = 1000;
const mostPages = 100;
const partialKeptMs = 7 * 24 * 3600 * 1000;

export class PullThrough implements Disposable {
  #hub: Hub;
  #options: ProxyOptions;
  #upstream: string;
  #client: RegistryClient;
  #dir: string;
  #fetches = new Map<string, Promise<void>>();
  #blobs = new Map<Digest, Promise<GrowingBlob>>();

  constructor(hub: Hub, options: ProxyOptions) {
    this.#hub = hub;
    this.#options = options;
    this.#upstream = options.upstream.replace(/^https?:\/\//, '').replace(/\/+$/, '');
    this.#client = openRegistry(options.client ?? {});
    this.#dir = join(hub.root, 'fetches');
    makeFolders(mkdirSync, this.#dir, 0o700);
    this.#sweep();
  }

  /**
   * The manifest is in the Hub afterwards, if anybody has it. Where the other registry fails, what is here counts;
   * throws MANIFEST_UNKNOWN or UNAVAILABLE where nothing is.
   */
  async ensureManifest(repository: string, wanted: { tag: string } | { digest: BlobDigest }): Promise<void> {
    const target = askable(wanted);
    if (target === undefined) return;
    if (this.#isFresh(repository, target)) return;
    const key = `${repository} ${JSON.stringify(target)}`;
    const running = this.#fetches.get(key) ?? this.#fetchManifest(repository, target);
    this.#fetches.set(key, running);
    try {
      await running;
    } catch (thrown) {
      if (!this.#isHere(repository, target)) throw thrown;
    } finally {
      this.#fetches.delete(key);
    }
  }

  /** The blob on its way; undefined where no manifest of the repository told of it. */
  async fetchBlob(repository: string, digest: BlobDigest): Promise<GrowingBlob | undefined> {
    if (!isDigest(digest)) return undefined;
    const sizeBytes = this.#hub.repositories.announcedSize(repository, digest);
    if (sizeBytes === undefined) return undefined;
    const running = this.#blobs.get(digest) ?? this.#startBlob(repository, { digest, sizeBytes });
    this.#blobs.set(digest, running);
    running.catch(() => this.#blobs.delete(digest));
    return await running;
  }

  /**
   * A page of the tags that the other registry has, all of them where no number is asked for; undefined where it cannot
   * be asked, or has no such repository: then what is here counts.
   */
  async tags(repository: string, { count, last }: PageAsked): Promise<Page | undefined> {
    const items: string[] = [];
    let at: string | undefined = last;
    for (let pages = 0; pages < mostPages; pages++) {
      const page = await this.#listed(() =>
        this.#client.tags(
          this.#reference(repository, {}),
          { count: count ?? tagsAPage, last: at },
          { auth: this.#options.auth },
        ),
      );
      if (page === undefined) return undefined;
      items.push(...page.tags);
      at = page.next;
      if (at === undefined || count !== undefined) break;
    }
    return { items: items.slice(0, count), hasMore: at !== undefined && items.length > 0 };
  }

  /** What refers to the manifest in the other registry; undefined where it cannot be asked. */
  async referrers(repository: string, subject: BlobDigest): Promise<Referrer[] | undefined> {
    if (!isDigest(subject)) return undefined;
    const { auth } = this.#options;
    return await this.#listed(() =>
      this.#client.referrers(this.#reference(repository, {}), subject, { auth }),
    );
  }

  async #listed<T>(list: () => Promise<T>): Promise<T | undefined> {
    try {
      return await list();
    } catch (thrown) {
      if (asEngineError(thrown).kind === 'internal') throw thrown;
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  #isHere(repository: string, target: { tag: string } | { digest: Digest }): boolean {
    const { repositories } = this.#hub;
    if ('digest' in target) return repositories.manifest(repository, target.digest) !== undefined;
    return repositories.tag(repository, target.tag) !== undefined;
  }

  #isFresh(repository: string, target: { tag: string } | { digest: Digest }): boolean {
    if ('digest' in target) return this.#isHere(repository, target);
    const record = this.#hub.repositories.tag(repository, target.tag);
    return Date.now() - (record?.checkedAtMs ?? 0) < (this.#options.tagLifeMs ?? 60_000);
  }

  async #fetchManifest(repository: string, target: { tag: string } | { digest: Digest }): Promise<void> {
    const { manifestBytes, repositories, pins } = this.#hub;
    const { auth } = this.#options;
    try {
      const { bytes, descriptor } = await this.#client.manifest(this.#reference(repository, target), {
        auth,
      });
      const { digest, mediaType } = descriptor;
      const facts = readManifest(bytes, mediaType);
      using _ = pins.hold(digest);
      await manifestBytes.store(digest, bytes);
      const tag = 'tag' in target ? target.tag : undefined;
      repositories.putManifest(repository, { digest, sizeBytes: bytes.length, facts, tag, isPartial: true });
      if (tag !== undefined) repositories.markChecked(repository, tag);
    } catch (thrown) {
      throw this.#failure(thrown);
    }
  }

  #failure(thrown: unknown): unknown {
    const known = asEngineError(thrown);
    if (known.name === 'HubFailure') return known;
    if (isKind(known, 'not-found')) return refuse('MANIFEST_UNKNOWN', known.message, { cause: thrown });
    return refuse('UNAVAILABLE', `${this.#upstream}: ${known.message}`, { cause: thrown });
  }

  async #startBlob(
    repository: string,
    { digest, sizeBytes }: { digest: Digest; sizeBytes: number },
  ): Promise<GrowingBlob> {
    const path = join(this.#dir, hexOf(digest));
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > sizeBytes) rmSync(path);
    const file = await openUploadFile(path);
    this.#hub.quota.charge(sizeBytes);
    const progress: { blob?: GrowingBlob } = {};
    const stored = this.#receive(repository, {
      digest,
      sizeBytes,
      file,
      onBytes: () => progress.blob?.wake(),
    });
    progress.blob = new GrowingBlob(file, sizeBytes, stored);
    const over = () => void this.#blobs.delete(digest);
    progress.blob.stored.then(over, () => {
      this.#hub.quota.refund(sizeBytes);
      over();
    });
    return progress.blob;
  }

  async #receive(
    repository: string,
    {
      digest,
      sizeBytes,
      file,
      onBytes,
    }: { digest: Digest; sizeBytes: number; file: UploadFile; onBytes: () => void },
  ): Promise<void> {
    const { content, repositories, pins } = this.#hub;
    using _ = pins.hold(digest);
    const descriptor = { mediaType: 'application/octet-stream', digest, size: sizeBytes };
    try {
      await this.#client.blob(this.#reference(repository, { digest }), descriptor, {
        sink: file,
        onBytes,
        auth: this.#options.auth,
      });
      await file.rest();
    } catch (thrown) {
      await this.#leave(file);
      throw this.#failure(thrown);
    }
    if ((await file.digest('sha256')) !== digest) {
      rmSync(file.path, { force: true });
      throw refuse('UNAVAILABLE', `${this.#upstream} sent wrong bytes for ${digest}`);
    }
    await file.moveTo(content.path(digest));
    repositories.link(repository, digest, sizeBytes);
  }

  /** A part waits for the next attempt; one that fills the disk does not: it would keep everybody else from writing. */
  async #leave(file: UploadFile): Promise<void> {
    try {
      await file.rest();
    } catch (thrown) {
      if (messageOf(thrown).startsWith('no space left')) rmSync(file.path, { force: true });
      throw thrown;
    }
  }

  #reference(repository: string, target: { tag?: string } | { digest: Digest }): Reference {
    const isShort = this.#upstream === 'docker.io' && !repository.includes('/');
    return {
      registry: this.#upstream,
      repository: isShort ? `library/${repository}` : repository,
      ...target,
    };
  }

  #sweep(): void {
    for (const name of readdirSync(this.#dir)) {
      const path = join(this.#dir, name);
      if (Date.now() - statSync(path).mtimeMs > partialKeptMs) rmSync(path, { force: true });
    }
  }
}

/** What the client of other registries can ask for: it knows sha256 alone. */
function askable(
  target: { tag: string } | { digest: BlobDigest },
): { tag: string } | { digest: Digest } | undefined {
  if ('tag' in target) return target;
  return isDigest(target.digest) ? { digest: target.digest } : undefined;
}
