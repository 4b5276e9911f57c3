// The image that a name stands for on another platform, out of what is here already.
import type { Platform } from '#shared/oci/specs.ts';
import { addImage } from './add.ts';
import { parseConfig } from './config-shape.ts';
import { Attempt } from './garbage.ts';
import type { ImageRecord, StoredIndex } from './record.ts';
import type { ImageRoom } from './room.ts';
import { ensureLayers } from './transfer/layers.ts';
import { contentsOf, isSame, manifestForPlatform } from './transfer/push-index.ts';

/**
 * The image of that name where it is of the platform, or another one of the index that the name stands for; its layers
 * are unpacked where only their blobs are here. Undefined where there is none: pull it. Throws `not-found`.
 */
export async function imageOfPlatform(
  room: ImageRoom,
  name: string,
  { platform, signal }: { platform: Platform; signal?: AbortSignal | undefined },
): Promise<ImageRecord | undefined> {
  const named = room.store.resolve(name);
  if (isSame(named.config, platform)) return named;
  const digest = room.store.indexOf(name);
  const index = named.indexes?.find((one) => one.digest === digest);
  if (index === undefined) return undefined;
  const sibling = room.store
    .all()
    .find(
      ({ config, indexes = [] }) => isSame(config, platform) && indexes.some((one) => one.digest === digest),
    );
  return sibling ?? (await imageFromBlobs(room, index, { platform, signal }));
}

async function imageFromBlobs(
  room: ImageRoom,
  index: StoredIndex,
  { platform, signal }: { platform: Platform; signal: AbortSignal | undefined },
): Promise<ImageRecord | undefined> {
  await using attempt = new Attempt(room);
  const found = manifestForPlatform(room, await contentsOf(room, index, attempt), platform);
  const [only] = found?.documents ?? [];
  if (only?.document.kind !== 'manifest') return undefined;
  const { config: blob, layers } = only.document.manifest;
  const configBytes = await room.content.read(blob.digest);
  const config = parseConfig(configBytes);
  const diffIds = config.rootfs.diff_ids;
  await ensureLayers(room, { diffIds, sources: layers, attempt, signal, fetch: async () => {} });
  const { digest: manifestDigest } = only.descriptor;
  const { record } = await addImage(room, {
    configBytes,
    config,
    layers: layers.map(({ digest, mediaType }, at) => ({ diffId: diffIds[at] ?? digest, digest, mediaType })),
    manifestDigest,
    index: { digest: index.digest, blobs: [index.digest, manifestDigest] },
  });
  return record;
}
