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
  /** Where a step that is not here may be taken from. */
  elsewhere?: OtherCache | undefined;
}

/** Steps of other engines. */
export interface OtherCache {
  /** The record, its layer in the snapshots and held by the build. */
  take(key: string): Promise<CacheRecord | undefined>;
}

export interface StepResult {
  key: string;
  record: CacheRecord;
  cached: boolean;
  /** Milliseconds that another build needed for the same step meanwhile. */
  waitedMs: number;
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
    const askedMs = performance.now();
    let waitedMs = 0;
    // Between looking and beginning nothing may be awaited: two builds would both begin.
    while (!request.fresh) {
      const found = this.#find(key, request.holder);
      if (found !== undefined) return { key, record: found, cached: true, waitedMs };
      const other = this.#running.get(key);
      if (other === undefined) break;
      // Where the other build's step fails we try for ourselves.
      await other.catch(() => undefined);
      waitedMs = performance.now() - askedMs;
    }
    let cached = false;
    const work = this.#taken(key, request).then((found) => {
      cached = found !== undefined;
      return found ?? this.#make(key, request, make);
    });
    this.#running.set(key, work);
    try {
      const record = await work;
      return { key, record, cached, waitedMs };
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

  async #taken(key: string, { fresh, elsewhere, preimage }: StepRequest): Promise<CacheRecord | undefined> {
    if (fresh || elsewhere === undefined) return undefined;
    const record = await elsewhere.take(key);
    if (record !== undefined) this.#keep(key, record, preimage);
    return record;
  }

  #keep(key: string, record: CacheRecord, preimage: Preimage): void {
    const { layer } = record;
    this.#state.transaction(() => {
      this.#leases.release(`cache:${key}`);
      if (layer !== null) this.#leases.hold(`layer:${layer.chainId}`, `cache:${key}`);
      this.#records.put(key, record);
      this.#preimages.put(key, preimage);
    });
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
    const replaced = this.#records.get(key)?.layer?.chainId;
    this.#keep(key, record, request.preimage);
    if (replaced !== undefined) this.dropFree(replaced);
    return record;
  }

  /** The step of that key, where it is kept. */
  record(key: string): CacheRecord | undefined {
    return this.#records.get(key);
  }

  /** The step of a key, as it is kept. */
  find(key: string): CacheRecord | undefined {
    return this.#records.get(key);
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
      for (const chainId of left) if (!this.dropFree(chainId)) kept.push(chainId);
      left = kept;
    }
  }

  /** Removes a layer that nobody needs any more, and those under it that stood there for it alone. */
  dropFree(chainId: Digest): boolean {
    for (let at: Digest | null = chainId; at !== null; ) {
      if (!this.#snapshots.hasLayer(at)) return true;
      if (this.#leases.anyHolder(`layer:${at}`)) return at !== chainId;
      const { parent } = this.#snapshots.layer(at);
      try {
        this.#snapshots.removeLayer(at);
      } catch (thrown) {
        if (isKind(thrown, 'conflict')) return at !== chainId;
        throw thrown;
      }
      at = parent;
    }
    return true;
  }
}
