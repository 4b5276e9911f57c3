// What each layer of an image is: the step that made it, what it changed, and who else has it.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageLayerReport } from '#shared/contract/image.ts';
import { type Digest, shortOf } from '#shared/oci/digest.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';
import { completeHistory } from '../inspect.ts';
import type { ImageRecord } from '../record.ts';
import type { ImageRoom } from '../room.ts';

export type ContentsRoom = Pick<ImageRoom, 'store' | 'snapshots'>;

/** The lowest first. Throws `not-found`. */
export async function reportLayers(room: ContentsRoom, name: string): Promise<ImageLayerReport[]> {
  const image = room.store.resolve(name);
  const chainIds = chainIdsOf(image.layers.map(({ diffId }) => diffId));
  const steps = completeHistory(image).filter((step) => !step.empty_layer);
  const others = room.store.all().filter(({ id }) => id !== image.id);
  const reports: ImageLayerReport[] = [];
  for (const [at, { diffId, digest, size }] of image.layers.entries()) {
    const chainId = chainIds[at] ?? diffId;
    reports.push({
      DiffId: diffId,
      ...(digest === undefined ? {} : { Digest: digest }),
      Size: size,
      CreatedBy: steps[at]?.created_by ?? '',
      ...(await countChanges(room, chainId)),
      SharedWith: others.filter((other) => hasChain(other, chainId, at)).map(labelOf),
    });
  }
  return reports;
}

const hasChain = (image: ImageRecord, chainId: Digest, at: number): boolean =>
  image.layers.length > at &&
  chainIdsOf(image.layers.slice(0, at + 1).map(({ diffId }) => diffId)).at(-1) === chainId;

const labelOf = (image: ImageRecord): string => image.tags[0] ?? image.repoDigests[0] ?? shortOf(image.id);

async function countChanges(
  { snapshots }: ContentsRoom,
  chainId: Digest,
): Promise<{ Added: number; Changed: number; Removed: number }> {
  const { dir } = snapshots.layer(chainId);
  const counts = [0, 0, 0];
  for (const { Path, Kind } of await snapshots.layerChanges(chainId)) {
    if (Kind !== 2 && lstatSync(join(dir, Path), { throwIfNoEntry: false })?.isDirectory()) continue;
    counts[Kind] = (counts[Kind] ?? 0) + 1;
  }
  const [Changed = 0, Added = 0, Removed = 0] = counts;
  return { Added, Changed, Removed };
}
