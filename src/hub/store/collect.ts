// Online garbage collection: what nothing refers to and is older than a grace time goes, while pushes go on.
import { statSync } from 'node:fs';
import { setImmediate as pause } from 'node:timers/promises';
import type { BlobDigest } from '#shared/oci/digest.ts';
import type { ContentStore } from '#storage/content/content.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { Pins } from './pins.ts';
import type { Quota } from './quota.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import type { Uploads } from './uploads.ts';

export interface CollectOptions {
  /** What is younger stays, because a client may be about to refer to it. */
  graceMs: number;
  /** Manifests without a tag go, too, unless an index or a subject that stays refers to them. */
  untagged?: boolean;
  /** Uploads that nobody went on with for so long are given up; a week unless told. */
  uploadIdleMs?: number;
}

export interface Collected {
  blobs: number;
  freedBytes: number;
  manifests: number;
  uploads: number;
}

export interface CollectStores {
  records: Records;
  repositories: Repositories;
  uploads: Uploads;
  content: ContentStore;
  leases: Leases;
  pins: Pins;
  quota: Quota;
}

const weekMs = 7 * 24 * 3600 * 1000;

/** Safe at any time and to repeat; each single removal is decided and done without a wait in between. */
export async function collectGarbage(stores: CollectStores, options: CollectOptions): Promise<Collected> {
  const collected: Collected = { blobs: 0, freedBytes: 0, manifests: 0, uploads: 0 };
  collected.uploads = await stores.uploads.expire(options.uploadIdleMs ?? weekMs);
  const oldestMs = Date.now() - options.graceMs;
  for (const name of linkedRepositories(stores)) {
    if (options.untagged) collected.manifests += dropUntagged(stores, name, oldestMs);
    dropLinks(stores, name, oldestMs);
    stores.repositories.forgetIfEmpty(name);
    await pause();
  }
  for (const digest of stores.content.list()) {
    const freed = dropBlob(stores, digest, oldestMs);
    if (freed === undefined) continue;
    collected.blobs++;
    collected.freedBytes += freed;
    await pause();
  }
  return collected;
}

/** Those with manifests, and those where only blobs have arrived. */
function linkedRepositories({ records, repositories }: CollectStores): string[] {
  const rows = records.state.database
    .prepare("SELECT DISTINCT collection FROM records WHERE collection LIKE 'hub.links %'")
    .all();
  const linked = rows.map((row) => String(row['collection']).slice('hub.links '.length));
  return [...new Set([...linked, ...repositories.names()])];
}

function dropUntagged({ records, repositories }: CollectStores, name: string, oldestMs: number): number {
  return records.state.transaction(() => {
    const all = new Map(repositories.manifests(name).map(({ id, value }) => [id, value]));
    const kept = new Set<string>(repositories.tags(name).map(({ record }) => record.digest));
    for (const [digest, { atMs }] of all) if (atMs > oldestMs) kept.add(digest);
    const referrers = Map.groupBy(all, ([, { subject }]): string => subject ?? '');
    // A set grows while it is walked: children and referrers of what is kept are kept.
    for (const digest of kept) {
      for (const child of all.get(digest)?.children ?? []) kept.add(child);
      for (const [referrer] of referrers.get(digest) ?? []) kept.add(referrer);
    }
    const gone = [...all.keys()].filter((digest) => !kept.has(digest));
    for (const digest of gone) repositories.deleteManifest(name, digest as BlobDigest);
    return gone.length;
  });
}

function dropLinks({ records, repositories }: CollectStores, name: string, oldestMs: number): void {
  records.state.transaction(() => {
    const needed = new Set<string>(
      repositories.manifests(name).flatMap(({ value }) => [...value.blobs, ...value.children]),
    );
    for (const { id, value } of records.links(name).all()) {
      if (!needed.has(id) && value.atMs <= oldestMs) repositories.unlink(name, id as BlobDigest);
    }
  });
}

/** Bytes freed, or undefined where the blob stays. */
function dropBlob(stores: CollectStores, digest: BlobDigest, oldestMs: number): number | undefined {
  const { content, leases, pins, quota } = stores;
  const stat = statSync(content.path(digest), { throwIfNoEntry: false });
  if (stat === undefined || stat.mtimeMs > oldestMs) return undefined;
  if (pins.has(digest) || leases.anyHolder(`blob:${digest}`)) return undefined;
  content.delete(digest);
  quota.refund(stat.size);
  return stat.size;
}
