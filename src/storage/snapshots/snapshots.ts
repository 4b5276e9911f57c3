// The door of the snapshot store: layers shared between images, and writable snapshots on top of them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unmountUnder } from '#kernel/mounts.ts';
import type { FileChange } from '#shared/contract/container.ts';
import { notFound } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { diskFault } from '../disk-faults.ts';
import type { Leases } from '../state/leases.ts';
import type { State } from '../state/state.ts';
import { type Active, ActiveStore } from './actives.ts';
import { type Layer, type LayerRequest, LayerStore, type Unpack } from './layers.ts';
import { numbersIn, Places } from './places.ts';
import { Trash } from './trash.ts';
import { compareTree, measureTree, type Usage } from './walk-tree.ts';

export type { Active } from './actives.ts';
export type { Layer, LayerRequest, Unpack } from './layers.ts';
export type { Usage } from './walk-tree.ts';

export interface SnapshotsOptions {
  dir: string;
  state: State;
  leases: Leases;
}

export interface Recovered {
  /** Layers whose directory was gone, with those above them; their records were dropped. */
  lostLayers: Digest[];
  /** Snapshots that were mounted and are no more. */
  unmounted: string[];
  /** Folders without a record, now in the trash. */
  swept: string[];
}

/** One writer per store: the engine's. Calls without a promise are synchronous and take well under a millisecond. */
export class Snapshots implements AsyncDisposable {
  #places: Places;
  #trash: Trash;
  #layers: LayerStore;
  #actives: ActiveStore;
  #state: State;

  constructor({ dir, state, leases }: SnapshotsOptions) {
    this.#state = state;
    this.#places = new Places(dir);
    this.#trash = new Trash(this.#places);
    const parts = { places: this.#places, trash: this.#trash, leases, state };
    this.#layers = new LayerStore(parts);
    this.#actives = new ActiveStore({ ...parts, layers: this.#layers });
  }

  /** A directory with the places that every box mounts something at; belongs under all other lowers of a box. */
  get stubs(): string {
    return this.#places.stubs;
  }

  hasLayer(chainId: Digest): boolean {
    return this.#layers.find(chainId) !== undefined;
  }

  /** Throws `not-found`. */
  layer(chainId: Digest): Layer {
    const layer = this.#layers.find(chainId);
    if (layer === undefined) throw notFound(`layer ${chainId} not found`);
    return layer;
  }

  layers(): Layer[] {
    return this.#layers.list();
  }

  /**
   * The layer `chainId`, unpacked where it is not here yet: `unpack` fills the empty directory it is given and
   * tells the digest of the layer's plain tar. Concurrent calls for one layer unpack once. The parent must be
   * there when `unpack` is done. A digest that leads to another chain ID throws `invalid`, and nothing is kept.
   */
  async addLayer(request: LayerRequest, unpack: Unpack): Promise<Layer> {
    return await this.#layers.add(request, unpack);
  }

  /** Directories of the stack, topmost first; for null one empty directory. */
  lowersOf(chainId: Digest | null): string[] {
    return this.#layers.lowersOf(chainId);
  }

  /** What a layer changed against those below it, ordered by path. */
  async layerChanges(chainId: Digest): Promise<FileChange[]> {
    const { dir, parent } = this.layer(chainId);
    return await compareTree(dir, parent === null ? [] : this.#layers.lowersOf(parent));
  }

  /** Removes a layer; false where there is none. `conflict` while leased, built upon, or under a snapshot. */
  removeLayer(chainId: Digest): boolean {
    return this.#layers.remove(chainId, this.#actives.usersOf(chainId));
  }

  /** A new writable snapshot on a stack of layers (null: of nothing), not mounted. `conflict` where `id` exists. */
  create(id: string, chainId: Digest | null): Active {
    return this.#actives.create(id, chainId);
  }

  find(id: string): Active | undefined {
    return this.#actives.find(id);
  }

  /** Throws `not-found`. */
  get(id: string): Active {
    return this.#actives.get(id);
  }

  ids(): string[] {
    return this.#actives.ids();
  }

  /** Afterwards it is mounted; gives the mounted directory. Safe to repeat. */
  mount(id: string): string {
    return this.#actives.mount(id);
  }

  isMounted(id: string): boolean {
    return this.#actives.isMounted(id);
  }

  /** Afterwards it is not mounted. Safe to repeat; a busy one is detached. */
  unmount(id: string): void {
    this.#actives.unmount(id);
  }

  /** Unmounts, and gives the directory that holds what was written, as `packLayer` takes it. */
  freeze(id: string): string {
    this.#actives.unmount(id);
    return this.#actives.get(id).upper;
  }

  /** Unmounts and removes; the bytes go in the background. False where there is none. */
  remove(id: string): boolean {
    return this.#actives.remove(id);
  }

  /**
   * What was written in `id` becomes the layer `chainId` on the snapshot's own stack, without copying; `id` is
   * gone. Where that layer exists already, the existing one is the answer.
   */
  commit(id: string, layer: { chainId: Digest; diffId: Digest; sizeBytes?: number }): Layer {
    const active = this.#actives.get(id);
    this.#actives.unmount(id);
    const known = this.#layers.find(layer.chainId);
    if (known !== undefined) {
      this.#actives.forget(id);
      return known;
    }
    try {
      const request = { ...layer, parent: active.chainId, sizeBytes: layer.sizeBytes ?? 0 };
      const record = this.#layers.adopt(active.upper, request);
      return this.#state.transaction(() => {
        const made = this.#layers.record(layer.chainId, record);
        this.#actives.forget(id);
        return made;
      });
    } catch (thrown) {
      throw diskFault(`committing snapshot ${id}`, thrown);
    }
  }

  /** What was written in `id`. */
  async usage(id: string): Promise<Usage> {
    return await measureTree(this.#actives.get(id).upper);
  }

  /** What `id` changed against its layers, ordered by path. */
  async changes(id: string): Promise<FileChange[]> {
    const { upper, lowers } = this.#actives.get(id);
    return await compareTree(upper, lowers);
  }

  /**
   * Makes the disk, the mounts and the records agree after a process ended in whichever way: half-made layers and
   * folders without a record go, snapshots not in `keepMounted` are unmounted, the trash is emptied in the
   * background. Call it once, before anything else.
   */
  recover({ keepMounted }: { keepMounted: ReadonlySet<string> }): Recovered {
    const unmounted = this.#actives.ids().filter((id) => !keepMounted.has(id) && this.isMounted(id));
    for (const id of unmounted) this.#actives.unmount(id);
    const swept = [
      ...readdirSync(this.#places.tmp).map((name) => join(this.#places.tmp, name)),
      ...unrecorded(this.#places.layers, this.#layers.numbers()),
      ...unrecorded(this.#places.actives, this.#actives.numbers()),
    ];
    for (const path of swept) {
      unmountUnder(path);
      this.#trash.discard(path);
    }
    this.#trash.resume();
    return { lostLayers: this.#layers.dropLost(), unmounted, swept };
  }

  /** Resolves once everything removed so far is deleted. */
  async drain(): Promise<void> {
    await this.#trash.drain();
  }

  /** Waits for deletions under way; mounts stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}

function unrecorded(dir: string, known: ReadonlySet<number>): string[] {
  return numbersIn(dir)
    .filter((n) => !known.has(n))
    .map((n) => join(dir, String(n)));
}

/** Opens (or creates) the snapshot store in `dir`. It must lie on a file system that overlay can write to. */
export function openSnapshots(options: SnapshotsOptions): Snapshots {
  return new Snapshots(options);
}
