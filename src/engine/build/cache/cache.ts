// The build cache: steps by key, their layers held by leases, the same step never run twice at once.

import { isKind } from '#shared/errors.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import type { StepLayer } from '../image-state.ts';
import { keyOf, type Preimage } from './key.ts';

export interface CacheRecord {
  /** As in the image's history. */
  instruction: string;
  /** Null for a step that changed no file. */
  layer: StepLayer | null;
  /** RFC 3339. */
  created: string;
  lastUsed: string;
  uses: number;
}

export interface StepRequest {
  preimage: Preimage;
  /** Take nothing out of the cache. */
  fresh: boolean;
  /** RFC 3339; what `created` will be. */
  created?: string;
  /** Holder of the layer while the build goes on. */
  holder: string;
}

export interface StepResult {
  key: string;
  record: CacheRecord;
  cached: boolean;
}

export class BuildCache {
  #state: State;
  #leases: Leases;
  #snapshots: Snapshots;
  #records: Collection<CacheRecord>;
  #preimages: Collection<Preimage>;
  #running = new Map<string, Promise<CacheRecord>>();

  constructor(deps: { state: State; leases: Leases; snapshots: Snapshots }) {
    this.#state = deps.state;
    this.#leases = deps.leases;
    this.#snapshots = deps.snapshots;
    this.#records = deps.state.collection<CacheRecord>('build-cache');
    this.#preimages = deps.state.collection<Preimage>('build-preimages');
  }

  /** The step's record: found, or made by `make` and then kept. Its layer is held by the build. */
  async step(request: StepRequest, make: () => Promise<StepLayer | null>): Promise<StepResult> {
    const key = keyOf(request.preimage);
    // Between looking and beginning nothing may be awaited: two builds would both begin.
    while (!request.fresh) {
      const found = this.#find(key, request.holder);
      if (found !== undefined) return { key, record: found, cached: true };
      const other = this.#running.get(key);
      if (other === undefined) break;
      // Where the other build's step fails we try for ourselves.
      await other.catch(() => undefined);
    }
    const work = this.#make(key, request, make);
    this.#running.set(key, work);
    try {
      return { key, record: await work, cached: false };
    } finally {
      if (this.#running.get(key) === work) this.#running.delete(key);
    }
  }

  #find(key: string, holder: string): CacheRecord | undefined {
    const record = this.#records.get(key);
    if (record === undefined) return undefined;
    if (record.layer !== null && !this.#snapshots.hasLayer(record.layer.chainId)) return undefined;
    this.#state.transaction(() => {
      if (record.layer !== null) this.#leases.hold(`layer:${record.layer.chainId}`, holder);
      this.#records.put(key, { ...record, lastUsed: nowRfc3339Nano(), uses: record.uses + 1 });
    });
    return record;
  }

  async #make(
    key: string,
    request: StepRequest,
    make: () => Promise<StepLayer | null>,
  ): Promise<CacheRecord> {
    const layer = await make();
    const now = request.created ?? nowRfc3339Nano();
    const { instruction } = request.preimage;
    const record: CacheRecord = { instruction, layer, created: now, lastUsed: nowRfc3339Nano(), uses: 0 };
    this.#state.transaction(() => {
      this.#leases.release(`cache:${key}`);
      if (layer !== null) this.#leases.hold(`layer:${layer.chainId}`, `cache:${key}`);
      this.#records.put(key, record);
      this.#preimages.put(key, request.preimage);
    });
    return record;
  }

  /** What a key was made of. */
  preimage(key: string): Preimage | undefined {
    return this.#preimages.get(key);
  }

  /** Every step kept. */
  list(): { key: string; record: CacheRecord }[] {
    return this.#records.all().map(({ id, value }) => ({ key: id, record: value }));
  }

  /** Forgets steps; layers that nobody else needs are removed, the topmost first. */
  async forget(keys: readonly string[]): Promise<void> {
    const layers: Digest[] = [];
    this.#state.transaction(() => {
      for (const key of keys) {
        const layer = this.#records.get(key)?.layer;
        if (layer) layers.push(layer.chainId);
        this.#leases.release(`cache:${key}`);
        this.#records.delete(key);
        this.#preimages.delete(key);
      }
    });
    // A layer under another one goes only after it: go round until nothing moves.
    for (let left = layers, before = -1; left.length > 0 && left.length !== before; ) {
      before = left.length;
      const kept: Digest[] = [];
      for (const chainId of left) if (!(await this.#drop(chainId))) kept.push(chainId);
      left = kept;
    }
  }

  async #drop(chainId: Digest): Promise<boolean> {
    if (!this.#snapshots.hasLayer(chainId)) return true;
    if (this.#leases.anyHolder(`layer:${chainId}`)) return false;
    try {
      await this.#snapshots.removeLayer(chainId);
      return true;
    } catch (thrown) {
      if (isKind(thrown, 'conflict')) return false;
      throw thrown;
    }
  }
}
