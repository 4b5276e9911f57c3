// The layers of one image: those that are missing are fetched and unpacked, several at a time, recorded in order.
import { invalid } from '#shared/errors.ts';
import { type Digest, shortOf } from '#shared/oci/digest.ts';
import { unpackLayer } from '#storage/archive/archive.ts';
import { chainIdsOf } from '../add.ts';
import type { Attempt } from '../garbage.ts';
import type { ImageRoom } from '../room.ts';
import { Slots } from './slots.ts';

export interface LayerSource {
  /** Of the blob. */
  digest: Digest;
  mediaType: string;
}

interface LayerPlan extends LayerSource {
  diffId: Digest;
  chainId: Digest;
  parent: Digest | null;
}

export interface LayerWork {
  diffIds: readonly Digest[];
  /** Same length and order as `diffIds`. */
  sources: readonly LayerSource[];
  attempt: Attempt;
  /** Afterwards the content store has the blob. */
  fetch(source: LayerSource, signal: AbortSignal): Promise<void>;
  onStep?(source: LayerSource, status: 'Already exists' | 'Pulling fs layer' | 'Pull complete'): void;
  onUnpack?(source: LayerSource, count: { current: number; total: number }): void;
  signal?: AbortSignal | undefined;
}

const unpacking = new Slots(2);

/** Afterwards every layer is in the snapshots and held by the attempt. The first failure stops the others. */
export async function ensureLayers(room: ImageRoom, work: LayerWork): Promise<void> {
  const stop = new AbortController();
  const signal = work.signal === undefined ? stop.signal : AbortSignal.any([work.signal, stop.signal]);
  const plans = planLayers(work);
  const missing = plans.filter((plan) => {
    work.attempt.hold('layer', plan.chainId);
    work.attempt.hold('blob', plan.digest);
    const isThere = room.snapshots.hasLayer(plan.chainId);
    work.onStep?.(plan, isThere ? 'Already exists' : 'Pulling fs layer');
    return !isThere;
  });
  const recorded = new Map<Digest, Promise<void>>();
  for (const plan of missing) {
    const done = ensureLayer(room, plan, { work, signal, parent: plan.parent && recorded.get(plan.parent) });
    done.catch((thrown) => stop.abort(thrown));
    recorded.set(plan.chainId, done);
  }
  // Everything has ended before this returns: what is undone afterwards must not be made again.
  const settled = await Promise.allSettled(recorded.values());
  const failed = settled.filter((one) => one.status === 'rejected').map((one): unknown => one.reason);
  if (failed.length > 0) throw stop.signal.aborted ? stop.signal.reason : failed[0];
}

function planLayers({ diffIds, sources }: LayerWork): LayerPlan[] {
  if (diffIds.length !== sources.length) {
    throw invalid(
      `invalid image: ${sources.length} layers, but ${diffIds.length} diff_ids in its configuration`,
    );
  }
  const chainIds = chainIdsOf(diffIds);
  return sources.flatMap((source, index) => {
    const [diffId, chainId] = [diffIds[index], chainIds[index]];
    if (diffId === undefined || chainId === undefined) return [];
    return [{ ...source, diffId, chainId, parent: chainIds[index - 1] ?? null }];
  });
}

interface LayerTurn {
  work: LayerWork;
  signal: AbortSignal;
  /** Resolves when the layer below is recorded. */
  parent: Promise<void> | null | undefined;
}

async function ensureLayer(
  room: ImageRoom,
  plan: LayerPlan,
  { work, signal, parent }: LayerTurn,
): Promise<void> {
  parent?.catch(() => {});
  await work.fetch(plan, signal);
  // The store records a layer on a parent that is there; while this one waits, those above it download.
  await parent;
  const { chainId, diffId } = plan;
  await room.snapshots.addLayer({ chainId, parent: plan.parent, diffId }, async (target) => {
    const unpacked = await unpacking.run(() => unpack(room, plan, { target, signal, work }));
    if (unpacked.diffId !== diffId) {
      throw invalid(
        `layer ${shortOf(plan.digest)}: unpacks to ${unpacked.diffId}, but the image's configuration says ${diffId}`,
      );
    }
    return unpacked;
  });
  work.onStep?.(plan, 'Pull complete');
}

function unpack(
  room: ImageRoom,
  plan: LayerPlan,
  { target, signal, work }: { target: string; signal: AbortSignal; work: LayerWork },
): Promise<{ diffId: Digest; sizeBytes: number }> {
  signal.throwIfAborted();
  const total = room.content.size(plan.digest);
  work.onUnpack?.(plan, { current: 0, total });
  const { mediaType } = plan;
  return unpackLayer({ blob: room.content.path(plan.digest), mediaType, target, signal });
}
