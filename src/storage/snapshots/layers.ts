// Layers at rest: one directory each, keyed by chain ID, shared by every image that has it.
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, invalid, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { diskFault } from '../disk-faults.ts';
import type { Collection } from '../state/collection.ts';
import type { Leases } from '../state/leases.ts';
import type { State } from '../state/state.ts';
import { chainIdOn } from './chain-id.ts';
import type { Places } from './places.ts';
import type { Trash } from './trash.ts';

export interface Layer {
  chainId: Digest;
  /** The layer's files; read only. */
  dir: string;
  parent: Digest | null;
  diffId: Digest;
  sizeBytes: number;
}

export interface LayerRecord {
  n: number;
  parent: Digest | null;
  diffId: Digest;
  sizeBytes: number;
}

export interface LayerRequest {
  chainId: Digest;
  parent: Digest | null;
  /** What the layer's tar must hash to, where known. */
  diffId?: Digest;
}

export type Unpack = (dir: string) => Promise<{ diffId: Digest; sizeBytes: number }>;

/** The records are in memory as well: looking a layer up costs nothing. */
export class LayerStore {
  #places: Places;
  #trash: Trash;
  #leases: Leases;
  #records: Collection<LayerRecord>;
  #known = new Map<Digest, LayerRecord>();
  #adding = new Map<Digest, Promise<Layer>>();

  constructor(parts: { places: Places; trash: Trash; leases: Leases; state: State }) {
    this.#places = parts.places;
    this.#trash = parts.trash;
    this.#leases = parts.leases;
    this.#records = parts.state.collection<LayerRecord>('layer', { n: 'number', diffId: 'text' });
    for (const { id, value } of this.#records.all()) this.#known.set(id as Digest, value);
  }

  find(chainId: Digest): Layer | undefined {
    const record = this.#known.get(chainId);
    if (record === undefined) return undefined;
    const { n, parent, diffId, sizeBytes } = record;
    return { chainId, dir: this.#places.layerFiles(n), parent, diffId, sizeBytes };
  }

  list(): Layer[] {
    return [...this.#known.keys()].flatMap((chainId) => this.find(chainId) ?? []);
  }

  /** Directories of the stack, topmost first; of no layers: one empty directory. */
  lowersOf(chainId: Digest | null): string[] {
    if (chainId === null) return [this.#places.empty];
    const dirs: string[] = [];
    for (let at: Digest | null = chainId; at !== null; ) {
      const record = this.#known.get(at);
      if (record === undefined) throw notFound(`layer ${at} not found`);
      dirs.push(this.#places.layerFiles(record.n));
      at = record.parent;
    }
    return dirs;
  }

  /** See `Snapshots.addLayer`. Those who come while one is adding wait, and try themselves where it failed. */
  async add(request: LayerRequest, unpack: Unpack): Promise<Layer> {
    for (;;) {
      const known = this.find(request.chainId);
      if (known !== undefined) return known;
      const running = this.#adding.get(request.chainId);
      if (running === undefined) break;
      await running.catch(() => {});
    }
    const adding = this.#unpackNew(request, unpack).finally(() => this.#adding.delete(request.chainId));
    this.#adding.set(request.chainId, adding);
    return await adding;
  }

  async #unpackNew(request: LayerRequest, unpack: Unpack): Promise<Layer> {
    const n = this.#places.number();
    const tmp = this.#places.arriving(n);
    try {
      makeFolders(mkdirSync, join(tmp, 'fs'), 0o755);
      const { diffId, sizeBytes } = await unpack(join(tmp, 'fs'));
      this.#assertParent(request.parent);
      assertDigests(request, diffId);
      renameSync(tmp, this.#places.layer(n));
      return this.record(request.chainId, { n, parent: request.parent, diffId, sizeBytes });
    } catch (thrown) {
      this.#trash.discard(tmp);
      throw diskFault(`writing layer ${request.diffId ?? request.chainId}`, thrown);
    }
  }

  /** Takes a directory that became a layer without copying: `upper` is gone from where it was. */
  adopt(upper: string, request: LayerRequest & { diffId: Digest; sizeBytes: number }): LayerRecord {
    this.#assertParent(request.parent);
    assertDigests(request, request.diffId);
    const n = this.#places.number();
    mkdirSync(this.#places.layer(n), { mode: 0o755 });
    renameSync(upper, this.#places.layerFiles(n));
    return { n, parent: request.parent, diffId: request.diffId, sizeBytes: request.sizeBytes };
  }

  /** The record comes after the directory: a directory without one is swept at the next start. */
  record(chainId: Digest, record: LayerRecord): Layer {
    this.#records.put(chainId, record);
    this.#known.set(chainId, record);
    const { n, ...rest } = record;
    return { chainId, dir: this.#places.layerFiles(n), ...rest };
  }

  /** False where there is none; `conflict` with the users' names while somebody needs it. */
  remove(chainId: Digest, otherUsers: string[]): boolean {
    const record = this.#known.get(chainId);
    if (record === undefined) return false;
    const children = this.list().filter((layer) => layer.parent === chainId);
    const users = [
      ...this.#leases.holders(`layer:${chainId}`),
      ...children.map((layer) => `layer:${layer.chainId}`),
      ...otherUsers,
    ];
    if (users.length > 0) throw conflict(`layer ${chainId} is in use by ${users.join(', ')}`);
    this.#forget(chainId);
    this.#trash.discard(this.#places.layer(record.n));
    return true;
  }

  /** Drops records whose directory is gone, and those above them; gives their chain IDs. */
  dropLost(): Digest[] {
    const lost = this.list().filter(({ dir }) => statSync(dir, { throwIfNoEntry: false }) === undefined);
    const gone: Digest[] = [];
    const drop = (chainId: Digest): void => {
      for (const layer of this.list()) if (layer.parent === chainId) drop(layer.chainId);
      this.#forget(chainId);
      gone.push(chainId);
    };
    for (const { chainId } of lost) if (this.#known.has(chainId)) drop(chainId);
    return gone;
  }

  numbers(): Set<number> {
    return new Set([...this.#known.values()].map(({ n }) => n));
  }

  #forget(chainId: Digest): void {
    this.#records.delete(chainId);
    this.#known.delete(chainId);
  }

  #assertParent(parent: Digest | null): void {
    if (parent !== null && !this.#known.has(parent)) throw notFound(`parent layer ${parent} not found`);
  }
}

function assertDigests(request: LayerRequest, diffId: Digest): void {
  if (request.diffId !== undefined && request.diffId !== diffId) {
    throw invalid(`layer diffID mismatch: expected ${request.diffId}, got ${diffId}`);
  }
  const chainId = chainIdOn(request.parent, diffId);
  if (chainId !== request.chainId) {
    throw invalid(`layer chainID mismatch: expected ${request.chainId}, got ${chainId} (diffID ${diffId})`);
  }
}
