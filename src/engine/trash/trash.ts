// The door of the trash: things removed with our command line, until they are undone, too old, or in the way.
import { statfsSync } from 'node:fs';
import type { Containers } from '#engine/containers/containers.ts';
import type { Images } from '#engine/images/images.ts';
import type { Volumes } from '#engine/volumes/volumes.ts';
import type { ImageDeleteEntry } from '#shared/contract/image.ts';
import type { TrashRow, TrashUndone } from '#shared/contract/trash.ts';
import { conflict, messageOf, notFound } from '#shared/errors.ts';
import { KeyedLock } from '#shared/lock.ts';
import { newId } from '#shared/notation/id.ts';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import { TrashEntries, type TrashEntry } from './entry.ts';

export interface TrashDeps {
  state: State;
  leases: Leases;
  containers: Containers;
  images: Images;
  volumes: Volumes;
  snapshots: Pick<Snapshots, 'drain'>;
  /** The folder whose file system must not run full. */
  root: string;
  /** How long things stay; 0: nothing is kept. */
  keepMs: number;
  warn: (message: string) => void;
}

export interface TrashOptions {
  /** What belongs to one command. */
  group: string;
  force?: boolean | undefined;
}

const sweepEveryMs = 3_600_000;
/** Less free room than this part of the disk, or than that many bytes, and the oldest things go. */
const leastFree = { part: 0.1, bytes: 5e9 };

export class Trash implements Disposable {
  readonly #deps: TrashDeps;
  readonly #entries: TrashEntries;
  readonly #lock = new KeyedLock();
  readonly #timer: NodeJS.Timeout;

  constructor(deps: TrashDeps) {
    this.#deps = deps;
    this.#entries = new TrashEntries(deps);
    const sweep = () => this.sweep().catch((thrown) => deps.warn(`emptying the trash: ${messageOf(thrown)}`));
    this.#timer = setInterval(sweep, sweepEveryMs).unref();
  }

  /** Nothing is kept: things are to be removed as the Docker API does. */
  get isOff(): boolean {
    return this.#deps.keepMs <= 0;
  }

  /** Makes the entries agree with what an engine that was killed had come to do. Call it after the other rooms' recovery. */
  async recover(): Promise<void> {
    for (const entry of this.#entries.all()) {
      if (entry.kind === 'volume') this.#deps.volumes.finishShelving(entry.data);
      if (entry.kind !== 'image') continue;
      const { data: _, ...base } = entry;
      const gone = this.#deps.images.goneOf(entry.data);
      if (gone === undefined) await this.#deps.images.discardSubjects(this.#entries.drop(entry.id));
      else this.#entries.put(base, { kind: 'image', data: gone });
    }
    await this.sweep();
  }

  /** As `containers.remove`; `volumes`: its anonymous volumes go to the trash, too. */
  async removeContainer(
    ref: string,
    options: TrashOptions & { volumes?: boolean | undefined },
  ): Promise<void> {
    const { name, hostConfig } = this.#deps.containers.find(ref);
    // It was to go with its end.
    if (hostConfig.AutoRemove === true) return await this.#deps.containers.remove(ref, options);
    const anonymous = await this.#deps.containers.shelve(ref, {
      force: options.force === true,
      keep: (data) =>
        this.#entries.put(
          base(options.group, name),
          { kind: 'container', data },
          data.subjects.filter((subject) => /^(image|layer|blob):/.test(subject)),
        ),
    });
    for (const volume of options.volumes === true ? anonymous : []) {
      await this.removeVolume(volume, options).catch((thrown) =>
        this.#deps.warn(`volume ${volume} of container ${name} stays: ${messageOf(thrown)}`),
      );
    }
    await this.sweep();
  }

  /** As `volumes.remove`. */
  async removeVolume(name: string, { group, force }: TrashOptions): Promise<void> {
    if (force === true && !this.#deps.volumes.has(name)) return;
    const at = base(group, name);
    const keep = (data: Extract<TrashEntry, { kind: 'volume' }>['data']): void =>
      this.#entries.put(at, { kind: 'volume', data });
    await this.#deps.volumes.shelve(name, { id: at.id, keep });
    await this.sweep();
  }

  /** As `images.remove`. */
  async removeImage(
    name: string,
    { group, ...options }: TrashOptions & { noPrune?: boolean | undefined },
  ): Promise<ImageDeleteEntry[]> {
    const at = base(group, name);
    let held: string[] = [];
    const shelf = {
      put: (data: Extract<TrashEntry, { kind: 'image' }>['data'], subjects: readonly string[]): void =>
        this.#entries.put(at, { kind: 'image', data }, subjects),
      drop: (): void => {
        held = this.#entries.drop(at.id);
      },
    };
    const entries = await this.#deps.images.shelve(name, { ...options, shelf }).finally(async () => {
      if (held.length > 0) await this.#deps.images.discardSubjects(held);
    });
    await this.sweep();
    return entries;
  }

  /** The newest first, with what each takes. */
  async list(): Promise<TrashRow[]> {
    const rows: TrashRow[] = [];
    for (const entry of this.#entries.all().reverse()) {
      rows.push({ ...rowOf(entry), Size: await this.#sizeOf(entry).catch(() => -1) });
    }
    return rows;
  }

  /**
   * Brings back the entries with these ids, or without any what the last command removed. Throws `not-found` where there
   * is no such entry, `conflict` where the first one's name is taken; what cannot come back beside others is told.
   */
  async undo(ids: readonly string[] = []): Promise<TrashUndone> {
    return await this.#lock.run('trash', async () => {
      const chosen = this.#choose(ids).reverse();
      const undone: TrashUndone = { Restored: [], Warnings: [] };
      for (const entry of chosen) {
        try {
          undone.Warnings.push(...(await this.#restore(entry)));
          undone.Restored.push({ ...rowOf(entry), Size: -1 });
        } catch (thrown) {
          if (chosen.length === 1) throw thrown;
          undone.Warnings.push(`${entry.kind} ${entry.name} stays in the trash: ${messageOf(thrown)}`);
        }
      }
      return undone;
    });
  }

  /** Entries go for good: those with these ids, or all. Gives what went. */
  async empty(ids: readonly string[] = []): Promise<TrashRow[]> {
    return await this.#lock.run('trash', async () => {
      const chosen = ids.length === 0 ? this.#entries.all() : this.#choose(ids);
      const rows: TrashRow[] = [];
      for (const entry of chosen) {
        const Size = await this.#sizeOf(entry).catch(() => -1);
        await this.#discard(entry);
        rows.push({ ...rowOf(entry), Size });
      }
      return rows;
    });
  }

  /** What is too old goes, and the oldest while the disk is short of room. */
  async sweep(): Promise<void> {
    await this.#lock.run('trash', async () => {
      const oldestMs = Date.now() - this.#deps.keepMs;
      for (const entry of this.#entries.all()) {
        if (entry.removedAtMs > oldestMs && !(await this.#needsRoom())) return;
        await this.#discard(entry);
      }
    });
  }

  /** Files are deleted a while after they were discarded: what is on its way out must not cost the next entry. */
  async #needsRoom(): Promise<boolean> {
    if (!isShort(this.#deps.root)) return false;
    await this.#deps.snapshots.drain();
    return isShort(this.#deps.root);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #choose(ids: readonly string[]): TrashEntry[] {
    const all = this.#entries.all();
    const last = all.at(-1);
    if (last === undefined) throw notFound('the trash is empty');
    if (ids.length === 0) return all.filter(({ group }) => group === last.group);
    return [...new Set(ids.map((id) => oneOf(all, id)))];
  }

  async #restore(entry: TrashEntry): Promise<string[]> {
    const forget = (): void => void this.#entries.drop(entry.id);
    if (entry.kind === 'container') await this.#deps.containers.unshelve(entry.data, forget);
    else if (entry.kind === 'volume') await this.#deps.volumes.unshelve(entry.data, forget);
    else {
      const taken = this.#deps.images.unshelve(entry.data, forget);
      return taken.map((name) => `the name ${name} has another image now, and stays with it`);
    }
    return [];
  }

  async #discard(entry: TrashEntry): Promise<void> {
    if (entry.kind === 'container') await this.#deps.containers.discardShelved(entry.data);
    if (entry.kind === 'volume') await this.#deps.volumes.discardShelved(entry.data);
    await this.#deps.images.discardSubjects(this.#entries.drop(entry.id));
  }

  async #sizeOf(entry: TrashEntry): Promise<number> {
    if (entry.kind === 'container') return await this.#deps.containers.shelvedBytes(entry.data);
    if (entry.kind === 'volume') return await this.#deps.volumes.shelvedBytes(entry.data);
    return entry.data.images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }
}

const base = (group: string, name: string) => ({
  id: newId().slice(0, 12),
  group,
  name,
  removedAtMs: Date.now(),
});

function oneOf(all: readonly TrashEntry[], id: string): TrashEntry {
  const found = all.filter((entry) => entry.id.startsWith(id) || entry.name === id);
  const [only] = found;
  if (only === undefined)
    throw notFound(`nothing in the trash is called ${id}`, { hint: 'See: wharf trash ls' });
  if (found.length > 1)
    throw conflict(`several things in the trash are called ${id}: give an id of wharf trash ls`);
  return only;
}

function rowOf({ id, kind, name, removedAtMs, group }: TrashEntry): Omit<TrashRow, 'Size'> {
  return { Id: id, Kind: kind, Name: name, RemovedAt: new Date(removedAtMs).toISOString(), Group: group };
}

function isShort(root: string): boolean {
  const { bavail, blocks, bsize } = statfsSync(root);
  return bavail * bsize < Math.min(leastFree.bytes, blocks * bsize * leastFree.part);
}
