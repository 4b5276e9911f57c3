// Writable snapshots: what a container or a build step works in. An overlay of a stack of layers and an upper folder.
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { unmount } from '#kernel/mounts.ts';
import { mountOverlay } from '#kernel/overlay.ts';
import { conflict, notFound } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { diskFault } from '../disk-faults.ts';
import type { Collection } from '../state/collection.ts';
import type { State } from '../state/state.ts';
import type { LayerStore } from './layers.ts';
import type { ActivePlace, Places } from './places.ts';
import type { Trash } from './trash.ts';

export interface ActiveRecord {
  n: number;
  chainId: Digest | null;
}

export interface Active {
  id: string;
  chainId: Digest | null;
  /** What was written; is the layer's diff once unmounted. */
  upper: string;
  work: string;
  /** Where `mount` mounts. */
  merged: string;
  /** Topmost first. */
  lowers: string[];
}

export class ActiveStore {
  #places: Places;
  #trash: Trash;
  #layers: LayerStore;
  #records: Collection<ActiveRecord>;
  #known = new Map<string, ActiveRecord>();

  constructor(parts: { places: Places; trash: Trash; layers: LayerStore; state: State }) {
    this.#places = parts.places;
    this.#trash = parts.trash;
    this.#layers = parts.layers;
    this.#records = parts.state.collection<ActiveRecord>('snapshot', { n: 'number' });
    for (const { id, value } of this.#records.all()) this.#known.set(id, value);
  }

  find(id: string): Active | undefined {
    const record = this.#known.get(id);
    if (record === undefined) return undefined;
    const { upper, work, merged } = this.#places.active(record.n);
    return {
      id,
      chainId: record.chainId,
      upper,
      work,
      merged,
      lowers: this.#layers.lowersOf(record.chainId),
    };
  }

  get(id: string): Active {
    const active = this.find(id);
    if (active === undefined) throw notFound(`snapshot ${id} not found`);
    return active;
  }

  ids(): string[] {
    return [...this.#known.keys()];
  }

  /** The snapshots that stand directly on a layer. */
  usersOf(chainId: Digest): string[] {
    return [...this.#known].flatMap(([id, record]) => (record.chainId === chainId ? [`snapshot:${id}`] : []));
  }

  numbers(): Set<number> {
    return new Set([...this.#known.values()].map(({ n }) => n));
  }

  create(id: string, chainId: Digest | null): Active {
    if (this.#known.has(id)) throw conflict(`snapshot ${id} exists already`);
    const lowers = this.#layers.lowersOf(chainId);
    const record = { n: this.#places.number(), chainId };
    try {
      this.#makeFolders(record.n, lowers[0] ?? this.#places.empty);
      this.#records.put(id, record);
    } catch (thrown) {
      this.#trash.discard(this.#places.active(record.n).dir);
      throw diskFault(`creating snapshot ${id}`, thrown);
    }
    this.#known.set(id, record);
    const { upper, work, merged } = this.#places.active(record.n);
    return { id, chainId, upper, work, merged, lowers };
  }

  /** False also where its folders are gone. */
  isMounted(id: string): boolean {
    const { merged, dir } = this.#placeOf(id);
    const stat = statSync(merged, { throwIfNoEntry: false });
    // An overlay has a device number of its own.
    return stat !== undefined && stat.dev !== statSync(dir).dev;
  }

  mount(id: string): string {
    const { lowers, upper, work, merged } = this.get(id);
    const all = [...lowers, this.#places.stubs];
    if (!this.isMounted(id)) mountOverlay({ lowers: all, upper, work, target: merged });
    return merged;
  }

  unmount(id: string): void {
    const { merged } = this.#placeOf(id);
    while (this.isMounted(id)) unmount(merged);
  }

  /** False where there is none. */
  remove(id: string): boolean {
    if (!this.#known.has(id)) return false;
    this.unmount(id);
    this.forget(id);
    return true;
  }

  /** The record goes and with it the folders, whatever is left in them. */
  forget(id: string): void {
    const record = this.#known.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    this.#known.delete(id);
    this.#trash.discard(this.#places.active(record.n).dir);
  }

  #placeOf(id: string): ActivePlace {
    const record = this.#known.get(id);
    if (record === undefined) throw notFound(`snapshot ${id} not found`);
    return this.#places.active(record.n);
  }

  // The root of an overlay looks as its upper folder does: it takes after the topmost layer.
  #makeFolders(n: number, like: string): void {
    const { dir, upper, work, merged } = this.#places.active(n);
    for (const each of [dir, upper, work, merged]) mkdirSync(each, { mode: 0o755 });
    const { mode, uid, gid } = statSync(like);
    if (uid !== 0 || gid !== 0) chownSync(upper, uid, gid);
    if ((mode & 0o7777) !== 0o755) chmodSync(upper, mode & 0o7777);
  }
}
