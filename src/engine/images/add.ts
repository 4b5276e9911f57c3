// An image becomes known: its record, its leases and its names, in one transaction.
import { createHash } from 'node:crypto';
import { invalid, notFound } from '#shared/errors.ts';
import { zeroTime } from '#shared/notation/time.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Reference } from '#shared/oci/reference.ts';
import type { ImageConfig } from '#shared/oci/specs.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';
import {
  type BuiltLayer,
  type ImageLayer,
  type ImageRecord,
  type StoredImage,
  type StoredIndex,
  subjectsOf,
} from './record.ts';
import type { ImageRoom } from './room.ts';
import { dropUnnamedIndexes } from './unnamed-indexes.ts';

export interface NewImage {
  configBytes: Buffer;
  config: ImageConfig;
  /** In the order of `rootfs.diff_ids`. */
  layers: readonly BuiltLayer[];
  manifestDigest?: Digest;
  /** What the names stand for, where that is an index. Its blobs must be there. */
  index?: StoredIndex;
  names?: readonly Reference[];
  parent?: Digest;
}

export interface AddedImage {
  record: ImageRecord;
  /** The image was not known before. */
  isNew: boolean;
  /** For each name given: the other image that had it. */
  displaced: { name: Reference; id: Digest }[];
}

export function imageIdOf(configBytes: Buffer): Digest {
  return `sha256:${createHash('sha256').update(configBytes).digest('hex')}`;
}

/** Afterwards the image is durable, and holds its layers and blobs. All of them must be there already. */
export async function addImage(room: ImageRoom, image: NewImage): Promise<AddedImage> {
  const id = imageIdOf(image.configBytes);
  // The blob is held before it is written: a collection at this moment must not find it free.
  room.leases.hold(`blob:${id}`, `image:${id}`);
  await room.content.put(image.configBytes);
  const before = room.store.find(id);
  const stored = storedOrRelease(room, id, image);
  const displaced: AddedImage['displaced'] = [];
  room.state.transaction(() => {
    for (const subject of subjectsOf(stored)) room.leases.hold(subject, `image:${id}`);
    room.store.put(before?.taggedAt === undefined ? stored : { ...stored, taggedAt: before.taggedAt });
  });
  for (const name of image.names ?? []) {
    const other = room.store.setName(name, id, image.index?.digest);
    if (other !== undefined && other !== id) displaced.push({ name, id: other });
  }
  for (const concerned of [id, ...displaced.map((one) => one.id)]) dropUnnamedIndexes(room, concerned);
  const record = room.store.find(id);
  if (record === undefined) throw notFound(`No such image: ${id}`);
  return { record, isNew: before === undefined, displaced };
}

function storedOrRelease(room: ImageRoom, id: Digest, image: NewImage): StoredImage {
  try {
    return storedOf(room, id, image);
  } catch (thrown) {
    if (room.store.find(id) === undefined) room.leases.release(`image:${id}`);
    throw thrown;
  }
}

function storedOf(room: ImageRoom, id: Digest, image: NewImage): StoredImage {
  const diffIds = image.config.rootfs.diff_ids;
  const chainIds = chainIdsOf(diffIds);
  const layers = diffIds.map((diffId, index): ImageLayer => {
    const chainId = chainIds[index];
    const built = image.layers[index];
    if (chainId === undefined || built === undefined || built.diffId !== diffId) {
      throw invalid(`layers do not match the image configuration: layer ${index + 1} should be ${diffId}`);
    }
    const size = room.snapshots.layer(chainId).sizeBytes;
    const { digest, mediaType } = built;
    if (digest === undefined || !room.content.has(digest)) return { diffId, size };
    return { diffId, size, digest, ...(mediaType === undefined ? {} : { mediaType }) };
  });
  const { manifestDigest, parent } = image;
  const indexes = indexesWith(room.store.find(id)?.indexes ?? [], image.index);
  return {
    id,
    config: image.config,
    chainId: chainIds.at(-1) ?? null,
    layers,
    ...(manifestDigest === undefined ? {} : { manifestDigest }),
    ...(indexes.length === 0 ? {} : { indexes }),
    ...(parent === undefined ? {} : { parent }),
    createdAt: image.config.created ?? zeroTime,
    sizeBytes: layers.reduce((sum, layer) => sum + layer.size, 0),
  };
}

/** Another pull of an index may bring more of it, and never takes away. */
function indexesWith(known: readonly StoredIndex[], index: StoredIndex | undefined): StoredIndex[] {
  if (index === undefined) return [...known];
  const { digest } = index;
  const before = known.find((one) => one.digest === digest)?.blobs ?? [];
  const blobs = [...new Set([...before, ...index.blobs])];
  return [...known.filter((one) => one.digest !== digest), { digest, blobs }];
}
