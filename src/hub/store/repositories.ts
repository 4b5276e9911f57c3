// Repositories: which blobs each may give out, its manifests, tags and referrers. Synchronous and transactional.
import type { BlobDigest } from '#shared/oci/digest.ts';
import type { ContentStore } from '#storage/content/content.ts';
import type { Leases } from '#storage/state/leases.ts';
import { refuse } from '../failures.ts';
import type { ManifestFacts } from './manifest-facts.ts';
import type { ManifestRecord, Records, ReferrerRecord, TagRecord } from './records.ts';

// Not a write for each question.
const freshMs = 10_000;

export interface PutManifest {
  digest: BlobDigest;
  sizeBytes: number;
  facts: ManifestFacts;
  tag?: string | undefined;
  /** Blobs and children may come later: a pull-through cache fetches them when they are asked for. */
  isPartial?: boolean;
}

export interface Named<T> {
  name: string;
  record: T;
}

/**
 * Every blob that a repository links, and every manifest in it, is held by a lease `blob:<digest>`: what no lease
 * holds, the collector may take.
 */
export class Repositories {
  #records: Records;
  #leases: Leases;
  #content: ContentStore;

  constructor(stores: { records: Records; leases: Leases; content: ContentStore }) {
    this.#records = stores.records;
    this.#leases = stores.leases;
    this.#content = stores.content;
  }

  /** Names of repositories that have had a manifest, in order. */
  names(): string[] {
    return this.#records.repositories.all().map(({ id }) => id);
  }

  has(name: string): boolean {
    return this.#records.repositories.get(name) !== undefined;
  }

  description(name: string): string {
    return this.#records.repositories.get(name)?.description ?? '';
  }

  updatedAtMs(name: string): number {
    return this.#records.repositories.get(name)?.updatedAtMs ?? 0;
  }

  /** Bytes of the blob where the repository has it, else undefined. */
  blobSize(name: string, digest: BlobDigest): number | undefined {
    if (this.#records.links(name).get(digest) === undefined || !this.#content.has(digest)) return undefined;
    return this.#content.size(digest);
  }

  /** Bytes that the repository's manifests announce for the blob, whether or not it is here yet. */
  announcedSize(name: string, digest: BlobDigest): number | undefined {
    return this.#records.links(name).get(digest)?.sizeBytes;
  }

  /** Names of the repositories that have the blob. */
  namesWith(digest: BlobDigest): string[] {
    return this.#leases
      .holders(`blob:${digest}`)
      .filter((holder) => holder.startsWith('link:'))
      .map((holder) => holder.slice('link:'.length));
  }

  /** The repository may give out the blob from now on. Safe to repeat: it is young again afterwards. */
  link(name: string, digest: BlobDigest, sizeBytes: number): void {
    this.#records.state.transaction(() => {
      this.#records.links(name).put(digest, { sizeBytes, atMs: Date.now() });
      this.#leases.hold(`blob:${digest}`, `link:${name}`);
    });
  }

  /** True where it was linked. */
  unlink(name: string, digest: BlobDigest): boolean {
    return this.#records.state.transaction(() => {
      this.#leases.release(`link:${name}`, `blob:${digest}`);
      return this.#records.links(name).delete(digest);
    });
  }

  /** A client that asked for an old blob may be about to refer to it: keep it for another grace time. */
  freshen(name: string, digest: BlobDigest): void {
    const links = this.#records.links(name);
    const link = links.get(digest);
    if (link === undefined || Date.now() - link.atMs < freshMs) return;
    links.put(digest, { ...link, atMs: Date.now() });
  }

  /**
   * The manifest is in the repository, under its tag where one is given; its bytes must be in the content store.
   * Throws MANIFEST_BLOB_UNKNOWN where it refers to something that is not here, and MANIFEST_INVALID where a size
   * is not the true one; then nothing has changed.
   */
  putManifest(name: string, put: PutManifest): void {
    this.#records.state.transaction(() => {
      if (!put.isPartial) this.#checkNeeded(name, put.facts);
      this.#remember(name, put);
      if (put.isPartial)
        for (const { digest, sizeBytes } of put.facts.blobs) this.link(name, digest, sizeBytes);
      if (put.tag !== undefined) {
        this.#records.tags(name).put(put.tag, { digest: put.digest, atMs: Date.now() });
      }
    });
  }

  manifest(name: string, digest: BlobDigest): ManifestRecord | undefined {
    return this.#records.manifests(name).get(digest);
  }

  manifests(name: string): { id: string; value: ManifestRecord }[] {
    return this.#records.manifests(name).all();
  }

  tag(name: string, tag: string): TagRecord | undefined {
    return this.#records.tags(name).get(tag);
  }

  /** Tags in the specification's order: letters without regard to case. */
  tags(name: string): Named<TagRecord>[] {
    const all = this.#records.tags(name).all();
    return all
      .map(({ id, value }) => ({ name: id, record: value }))
      .sort((a, b) => compareTags(a.name, b.name));
  }

  /** The tag is what the other registry said just now. */
  markChecked(name: string, tag: string): void {
    const record = this.tag(name, tag);
    if (record !== undefined) this.#records.tags(name).put(tag, { ...record, checkedAtMs: Date.now() });
  }

  /** True where the tag was there. The manifest stays. */
  deleteTag(name: string, tag: string): boolean {
    return this.#records.tags(name).delete(tag);
  }

  /** Removes the manifest with every tag that points to it; true where it was there. */
  deleteManifest(name: string, digest: BlobDigest): boolean {
    return this.#records.state.transaction(() => {
      const record = this.manifest(name, digest);
      if (record === undefined) return false;
      for (const tag of this.tags(name)) if (tag.record.digest === digest) this.deleteTag(name, tag.name);
      if (record.subject !== undefined) this.#records.referrers(name, record.subject).delete(digest);
      this.#leases.release(`manifest:${name}`, `blob:${digest}`);
      return this.#records.manifests(name).delete(digest);
    });
  }

  /** Manifests that name `subject` as theirs, in order of digest. */
  referrers(name: string, subject: BlobDigest): ReferrerRecord[] {
    return this.#records
      .referrers(name, subject)
      .all()
      .map(({ value }) => value);
  }

  /** A repository without manifests is forgotten; its links go when they are old enough. */
  forgetIfEmpty(name: string): boolean {
    if (this.#records.manifests(name).all().length > 0) return false;
    return this.#records.repositories.delete(name);
  }

  #checkNeeded(name: string, facts: ManifestFacts): void {
    for (const { digest, sizeBytes } of facts.blobs) {
      assertNeeded(digest, { sizeBytes, found: this.blobSize(name, digest) });
    }
    for (const { digest, sizeBytes } of facts.children) {
      const found = this.manifest(name, digest)?.sizeBytes ?? this.blobSize(name, digest);
      assertNeeded(digest, { sizeBytes, found });
    }
  }

  #remember(name: string, { digest, sizeBytes, facts }: PutManifest): void {
    const atMs = Date.now();
    const { mediaType, subject, artifactType, annotations } = facts;
    const known = this.#records.repositories.get(name);
    const description = annotations?.['org.opencontainers.image.description'] ?? known?.description;
    this.#records.repositories.put(name, {
      createdAtMs: known?.createdAtMs ?? atMs,
      updatedAtMs: atMs,
      ...(description === undefined ? {} : { description: description.slice(0, 500) }),
    });
    this.#records.manifests(name).put(digest, {
      mediaType,
      sizeBytes,
      atMs,
      blobs: facts.blobs.map((each) => each.digest),
      children: facts.children.map((each) => each.digest),
      ...(subject === undefined ? {} : { subject }),
    });
    this.#leases.hold(`blob:${digest}`, `manifest:${name}`);
    if (subject === undefined) return;
    this.#records.referrers(name, subject).put(digest, {
      mediaType,
      digest,
      size: sizeBytes,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    });
  }
}

/** The specification's lexical order of tags. */
export function compareTags(a: string, b: string): number {
  const low = compare(a.toLowerCase(), b.toLowerCase());
  return low === 0 ? compare(a, b) : low;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function assertNeeded(digest: BlobDigest, size: { sizeBytes: number; found: number | undefined }): void {
  if (size.found === undefined) {
    const text = `manifest refers to ${digest}, which is not in this repository: push it first`;
    throw refuse('MANIFEST_BLOB_UNKNOWN', text, { detail: { digest } });
  }
  if (size.found === size.sizeBytes) return;
  const text = `manifest invalid: ${digest} has ${size.found} bytes, the manifest says ${size.sizeBytes}`;
  throw refuse('MANIFEST_INVALID', text, { detail: { digest } });
}
