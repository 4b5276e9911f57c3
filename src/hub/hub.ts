// The door of the room: a registry's stores in one folder, without any network.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '#shared/make-folders.ts';
import { type ContentStore, openContent } from '#storage/content/content.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';
import { type Collected, type CollectOptions, collectGarbage } from './store/collect.ts';
import { ManifestBytes } from './store/manifest-bytes.ts';
import { Pins } from './store/pins.ts';
import { Quota } from './store/quota.ts';
import { Records } from './store/records.ts';
import { Repositories } from './store/repositories.ts';
import { RepositoryQuotas } from './store/repository-quotas.ts';
import { Uploads } from './store/uploads.ts';

export interface HubOptions {
  /** Folder of everything: `content/`, `uploads/`, `hub.db`, `token.key`; and `rights.json` and `quotas.json`, where they are put there. */
  root: string;
  /** Bytes that blobs and uploads may take together; no limit unless told. */
  quotaBytes?: number | undefined;
}

export interface Hub extends AsyncDisposable {
  readonly root: string;
  readonly content: ContentStore;
  readonly repositories: Repositories;
  readonly uploads: Uploads;
  readonly manifestBytes: ManifestBytes;
  readonly pins: Pins;
  readonly quota: Quota;
  readonly repositoryQuotas: RepositoryQuotas;
  /** Removes what nothing refers to; pushes and pulls may go on meanwhile. */
  collect(options: CollectOptions): Promise<Collected>;
}

/** How long a pushed blob waits for a manifest that refers to it. */
export const defaultGraceMs = 24 * 3600 * 1000;

/** Opens (or creates) the Hub in its folder. One process at a time should. */
export function openHub(options: HubOptions): Hub {
  const { root } = options;
  makeFolders(mkdirSync, root, 0o700);
  const state = openState(join(root, 'hub.db'));
  const content = openContent(join(root, 'content'));
  const leases = openLeases(state);
  const records = new Records(state);
  const repositories = new Repositories({ records, leases, content });
  const pins = new Pins();
  const uploadsDir = join(root, 'uploads');
  const quota = new Quota(
    options.quotaBytes,
    options.quotaBytes === undefined ? 0 : usedBytes(content, records),
  );
  const repositoryQuotas = new RepositoryQuotas(join(root, 'quotas.json'), records);
  const uploads = new Uploads({
    dir: uploadsDir,
    records,
    repositories,
    content,
    pins,
    quota,
    repositoryQuotas,
  });
  return {
    root,
    content,
    repositories,
    uploads,
    manifestBytes: new ManifestBytes(content, quota),
    pins,
    quota,
    repositoryQuotas,
    collect: (asked) =>
      collectGarbage({ records, repositories, uploads, content, leases, pins, quota }, asked),
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  };

  function usedBytes(store: ContentStore, known: Records): number {
    const blobs = store.list().reduce((sum, digest) => sum + store.size(digest), 0);
    const sizeOf = (id: string): number =>
      statSync(join(uploadsDir, id), { throwIfNoEntry: false })?.size ?? 0;
    return known.uploads.all().reduce((sum, { id }) => sum + sizeOf(id), blobs);
  }
}
