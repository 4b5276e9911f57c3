// The builds of this engine, the newest hundred: found by id, by what they built, or as the last one.

import { notFound } from '#shared/errors.ts';
import { familiarReference, parseReference } from '#shared/oci/reference.ts';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import type { BuildCache } from '../cache/cache.ts';
import type { BuildDetail, BuildRecord } from './record.ts';

export interface FoundBuild {
  id: string;
  record: BuildRecord;
}

const mostBuilds = 100;
const mostKept = 5;

const noDetail: BuildDetail = { steps: [], environments: [], phases: [] };

export class BuildRecords {
  #records: Collection<BuildRecord>;
  #details: Collection<BuildDetail>;
  #snapshots: Snapshots;
  #leases: Leases;
  #state: State;
  #cache: BuildCache;

  constructor(deps: { state: State; snapshots: Snapshots; leases: Leases }, cache: BuildCache) {
    this.#records = deps.state.collection<BuildRecord>('build-records');
    this.#details = deps.state.collection<BuildDetail>('build-details');
    this.#snapshots = deps.snapshots;
    this.#leases = deps.leases;
    this.#state = deps.state;
    this.#cache = cache;
  }

  put(id: string, record: BuildRecord, detail?: BuildDetail): void {
    this.#state.transaction(() => {
      this.#records.put(id, record);
      if (detail !== undefined) this.#details.put(id, detail);
    });
  }

  /** The build has ended; what it keeps and what becomes too much is settled. */
  end(id: string, record: BuildRecord, detail: BuildDetail): void {
    this.put(id, record, detail);
    const all = this.list();
    for (const { id: old } of all.slice(mostBuilds)) this.#forget(old);
    const keeping = all.filter((build) => build.record.kept !== undefined);
    for (const build of keeping.slice(mostKept)) this.dropKept(build.id);
  }

  /** The newest first. */
  list(): FoundBuild[] {
    return this.#records
      .all()
      .map(({ id, value }) => ({ id, record: value }))
      .sort((a, b) => (a.record.started < b.record.started ? 1 : -1));
  }

  get(id: string): BuildRecord | undefined {
    return this.#records.get(id);
  }

  detail(id: string): BuildDetail {
    return this.#details.get(id) ?? noDetail;
  }

  /** By the beginning of its id, by what it built, or the last one of those that `wanted` takes. Throws `not-found`. */
  find(name = '', wanted: (record: BuildRecord) => boolean = () => true): FoundBuild {
    const all = this.list().filter(({ record }) => wanted(record));
    const subject = nameOfSubject(name);
    const found =
      name === ''
        ? all[0]
        : (all.find(({ record }) => record.subject === subject || record.subject === name) ??
          all.find(({ id }) => name.length >= 4 && id.startsWith(name)));
    if (found === undefined) throw notFound(`no build of ${name || 'anything'} is known`);
    return found;
  }

  /** The last build of it, and where that one failed the last that did not: what a new build is compared with. */
  before(subject: string): BuildDetail[] {
    const same = this.list().filter(
      ({ record }) => record.subject === subject && record.status !== 'running',
    );
    const done = same.findIndex(({ record }) => record.status === 'done');
    const chosen = [same[0], done > 0 ? same[done] : undefined];
    return chosen.flatMap((build) => (build === undefined ? [] : [this.detail(build.id)]));
  }

  /** Snapshots of failed steps that are still wanted. */
  keptSnapshots(): Set<string> {
    return new Set(this.list().flatMap(({ record }) => record.kept?.snapshot ?? []));
  }

  /** The files of its failed step are gone. False where there were none. */
  dropKept(id: string): boolean {
    const record = this.#records.get(id);
    if (record?.kept === undefined) return false;
    const { kept, ...rest } = record;
    this.#state.transaction(() => {
      this.#records.put(id, rest);
      this.#leases.release(holderOf(id));
    });
    const active = kept.snapshot === undefined ? undefined : this.#snapshots.find(kept.snapshot);
    if (active !== undefined) this.#snapshots.remove(active.id);
    // The layers it stood on may have been there for it alone.
    const top = kept.layer ?? active?.chainId ?? null;
    if (top !== null) this.#cache.dropFree(top);
    return true;
  }

  /** Builds that an engine did not live to see the end of are known to be such. */
  recover(): void {
    for (const { id, record } of this.list()) {
      if (record.status === 'running') this.#records.put(id, { ...record, status: 'interrupted' });
    }
  }

  #forget(id: string): void {
    this.dropKept(id);
    this.#state.transaction(() => {
      this.#records.delete(id);
      this.#details.delete(id);
    });
  }
}

/** Who holds the layer that a failed step has become. */
export function holderOf(id: string): string {
  return `failed-build:${id}`;
}

/** `app` and `docker.io/library/app:latest` are the same: `app:latest`. */
export function nameOfSubject(text: string): string {
  try {
    return familiarReference(parseReference(text));
  } catch {
    return text;
  }
}
