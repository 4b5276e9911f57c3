// The layers of one image: those that are missing are fetched and unpacked, several at a time, recorded in order.
import { readdirSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { mostLowers } from '#kernel/overlay.ts';
import { internal, invalid, isKind, messageOf } from '#shared/errors.ts';
import { type Digest, shortOf } from '#shared/oci/digest.ts';
import { type Unpacked, type UnpackLayerRequest, unpackLayer } from '#storage/archive/archive.ts';
import type { Ingest } from '#storage/content/ingest.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';
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
  fetch(source: LayerSource, options: FetchOptions): Promise<void>;
  onStep?(source: LayerSource, status: 'Already exists' | 'Pulling fs layer' | 'Pull complete'): void;
  onUnpack?(source: LayerSource, count: { current: number; total: number }): void;
  signal?: AbortSignal | undefined;
}

export interface FetchOptions {
  signal: AbortSignal;
  /** Told where the bytes can be read while they arrive. */
  onStart(ingest: Pick<Ingest, 'follow'>): void;
}

// A container has one of its own below its files.
const mostLayers = mostLowers - 1;

const unpacking = new Slots(2);
// A slow download must not keep those from unpacking whose bytes are here.
const following = new Slots(2);

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
  if (diffIds.length > mostLayers) {
    throw invalid('max depth exceeded', {
      hint: `The image has ${diffIds.length} layers; at most ${mostLayers} can stand on each other.`,
    });
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

async function ensureLayer(room: ImageRoom, plan: LayerPlan, turn: LayerTurn): Promise<void> {
  const { work, signal, parent } = turn;
  parent?.catch(() => {});
  const { chainId, diffId } = plan;
  const fetching = startFetch(plan, turn);
  const add = room.snapshots.addLayer({ chainId, parent: plan.parent, diffId }, async (target) => {
    const early = await unpackArriving(room, plan, { fetching, target, signal, work });
    await fetching.done;
    if (early?.diffId !== diffId) emptyFolder(target);
    const unpacked =
      early?.diffId === diffId
        ? early
        : await unpacking.run(() => unpackBlob(room, plan, { target, signal, work }));
    if (unpacked.diffId !== diffId) {
      throw invalid(
        `layer ${shortOf(plan.digest)}: unpacks to ${unpacked.diffId}, but the image's configuration says ${diffId}`,
      );
    }
    // The store records a layer on a parent that is there; those above it unpack meanwhile.
    await parent;
    return unpacked;
  });
  // The download has ended either way, and where somebody else has added the layer the blob is wanted all the same.
  const [added, fetched] = await Promise.allSettled([add, fetching.done]);
  for (const one of [fetched, added]) if (one.status === 'rejected') throw one.reason;
  work.onStep?.(plan, 'Pull complete');
}

interface UnpackTurn {
  target: string;
  signal: AbortSignal;
  work: LayerWork;
}

interface Fetching {
  done: Promise<void>;
  /** The bytes while they arrive; undefined where they are all here, or never will be. */
  started: Promise<Pick<Ingest, 'follow'> | undefined>;
}

function startFetch(plan: LayerPlan, { work, signal }: LayerTurn): Fetching {
  const { promise: started, resolve } = Promise.withResolvers<Pick<Ingest, 'follow'> | undefined>();
  const done = work.fetch(plan, { signal, onStart: resolve });
  done.then(
    () => resolve(undefined),
    () => resolve(undefined),
  );
  return { done, started };
}

/**
 * Unpacks bytes that are not verified yet. What comes of it counts only once the blob is verified and the diff ID is
 * the expected one; whatever fails here is undefined, for the verified blob says better what is wrong.
 */
async function unpackArriving(
  room: ImageRoom,
  plan: LayerPlan,
  { fetching, ...turn }: UnpackTurn & { fetching: Fetching },
): Promise<Unpacked | undefined> {
  const arriving = await fetching.started;
  if (arriving === undefined || following.isFull) return undefined;
  const { target, signal, work } = turn;
  let isUnpacking = true;
  const tell = () =>
    isUnpacking && work.onUnpack?.(plan, { current: 0, total: room.content.size(plan.digest) });
  fetching.done.then(tell, () => {});
  return await following
    .run(() => unpackWithin({ blob: arriving.follow(), mediaType: plan.mediaType, target, signal }))
    .catch(() => undefined)
    .finally(() => {
      isUnpacking = false;
    });
}

function emptyFolder(dir: string): void {
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
}

function unpackBlob(
  room: ImageRoom,
  plan: LayerPlan,
  { target, signal, work }: UnpackTurn,
): Promise<Unpacked> {
  signal.throwIfAborted();
  const total = room.content.size(plan.digest);
  work.onUnpack?.(plan, { current: 0, total });
  const { mediaType } = plan;
  const { digest } = plan;
  return unpackWithin({ blob: room.content.path(digest), digest, mediaType, target, signal });
}

/** What stays free of a disk, whatever a layer unpacks to. */
const partKeptFree = 0.02;

/** A few bytes can unpack to more than the disk has: that is told before it is full for everybody. */
async function unpackWithin(request: UnpackLayerRequest): Promise<Unpacked> {
  const { bavail, blocks, bsize } = await statfs(request.target);
  const maxUnpackedBytes = Math.max(0, Math.floor((bavail - blocks * partKeptFree) * bsize));
  try {
    return await unpackLayer({ ...request, maxUnpackedBytes });
  } catch (thrown) {
    if (!isKind(thrown, 'invalid') || !/unpacks to more than/.test(messageOf(thrown))) throw thrown;
    throw internal(
      `no space left on device: the layer unpacks to more than the ${maxUnpackedBytes} bytes that are free`,
      {
        cause: thrown,
        hint: 'Free some disk space, for example with `image prune` or `system prune`, and try again.',
      },
    );
  }
}
