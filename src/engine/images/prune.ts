// Prune: removes images without a name, or all that no container uses.
import type { ImageDeleteEntry } from '#shared/contract/image.ts';
import { isKind } from '#shared/errors.ts';
import { type Filters, filterKeysOnly, flagOf, matchLabel } from '#shared/notation/filter.ts';
import { msOf } from '#shared/notation/time.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';
import { imageMatcher } from './list.ts';
import type { ImageRecord } from './record.ts';
import { removeImage } from './remove.ts';
import type { ImageRoom } from './room.ts';

export interface PruneAnswer {
  ImagesDeleted: ImageDeleteEntry[];
  /** Bytes. */
  SpaceReclaimed: number;
}

/** Filters: `dangling` (true unless told), `until`, `label`, `label!`. An image in use stays, silently. */
export async function pruneImages(room: ImageRoom, filters: Filters = new Map()): Promise<PruneAnswer> {
  filterKeysOnly(filters, ['dangling', 'until', 'label', 'label!']);
  const danglingOnly = flagOf(filters, 'dangling') ?? true;
  const limits = new Map([...filters].filter(([key]) => key === 'until' || key === 'label'));
  const isWanted = imageMatcher(room, limits);
  const unwanted = (filters.get('label!') ?? []).map((one) => [one]);
  const answer: PruneAnswer = { ImagesDeleted: [], SpaceReclaimed: 0 };
  for (const image of room.store.all()) {
    if (danglingOnly && image.tags.length > 0) continue;
    if (!isWanted(image) || room.usersOf(image.id).length > 0) continue;
    if (unwanted.some((label) => matchLabel(image.config.config?.Labels, label))) continue;
    await pruneOne(room, image, answer);
  }
  room.events.emit('image', 'prune', '', { reclaimed: String(answer.SpaceReclaimed) });
  return answer;
}

async function pruneOne(room: ImageRoom, image: ImageRecord, answer: PruneAnswer): Promise<void> {
  // Names one by one, the ID where there is none: exactly what a user would do, without force.
  const handles = image.tags.length > 0 ? image.tags : [image.id];
  for (const handle of handles) {
    try {
      const { entries, freedBytes } = await removeImage(room, handle, {});
      answer.ImagesDeleted.push(...entries);
      answer.SpaceReclaimed += freedBytes;
    } catch (thrown) {
      if (!isKind(thrown, 'conflict', 'not-found')) throw thrown;
    }
  }
}

/**
 * Images that no container uses take at most `budgetBytes` afterwards, what they share with used ones not counted: those
 * go first that got their name, or were made, longest ago. What a build or another image stands on stays.
 */
export async function pruneToBudget(room: ImageRoom, budgetBytes: number): Promise<PruneAnswer> {
  const answer: PruneAnswer = { ImagesDeleted: [], SpaceReclaimed: 0 };
  const isFree = (image: ImageRecord): boolean =>
    room.usersOf(image.id).length === 0 &&
    !room.leases.anyHolder(`image:${image.id}`) &&
    room.store.childrenOf(image.id).length === 0;
  const sinceMs = (image: ImageRecord): number => msOf(image.taggedAt ?? image.createdAt);
  const oldest = room.store
    .all()
    .filter(isFree)
    .sort((a, b) => sinceMs(a) - sinceMs(b));
  for (const image of oldest) {
    if (unusedBytes(room) <= budgetBytes) break;
    if (room.store.find(image.id) !== undefined && isFree(image)) await pruneOne(room, image, answer);
  }
  return answer;
}

/** Of layers that only images without containers have. */
function unusedBytes({ store, usersOf }: ImageRoom): number {
  const images = store.all();
  const used = images.filter((image) => usersOf(image.id).length > 0);
  const needed = new Set(used.flatMap(chainsOf).map(([chainId]) => chainId));
  const rest = new Map(images.flatMap(chainsOf).filter(([chainId]) => !needed.has(chainId)));
  return [...rest.values()].reduce((sum, bytes) => sum + bytes, 0);
}

const chainsOf = (image: ImageRecord): [string, number][] =>
  chainIdsOf(image.layers.map(({ diffId }) => diffId)).map((chainId, at) => [
    chainId,
    image.layers[at]?.size ?? 0,
  ]);
