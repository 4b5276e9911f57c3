// What a build made for several platforms becomes one name: an index, and the image of it that runs here.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '#shared/oci/digest.ts';
import { hostPlatform } from '#shared/oci/platform.ts';
import { parseReference } from '#shared/oci/reference.ts';
import {
  type Descriptor,
  type ImageConfig,
  type Index,
  type Manifest,
  mediaTypes,
  type Platform,
} from '#shared/oci/specs.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';
import { addImage, imageIdOf } from './add.ts';
import { blobOf } from './archive/layer-file.ts';
import { Attempt } from './garbage.ts';
import type { BuiltLayer, ImageRecord } from './record.ts';
import type { ImageRoom } from './room.ts';
import { announce } from './tag.ts';
import { packBlob, packedBefore } from './transfer/pack-blob.ts';
import { isSame } from './transfer/push-index.ts';

/** One image of an index. */
export interface IndexImage {
  /** What it is for; its configuration may say otherwise. */
  platform: Platform;
  config: ImageConfig;
  /** In the snapshots already, lowest first. */
  layers: readonly BuiltLayer[];
}

/** A document about one image of the index, not to be run: an attestation. */
export interface IndexNote {
  /** Which image, by its place in the list. */
  about: number;
  config: Buffer;
  layers: { bytes: Buffer; mediaType: string; annotations: Record<string, string> }[];
}

export interface RecordIndexRequest {
  images: readonly IndexImage[];
  notes?: (manifests: readonly Descriptor[]) => readonly IndexNote[];
  /** Names as people write them. */
  tags?: readonly string[];
  signal?: AbortSignal;
}

export interface RecordedIndex {
  /** This machine's image of it, else the first. */
  record: ImageRecord;
  index: Descriptor;
}

interface Turn {
  attempt: Attempt;
  scratch: string;
  signal: AbortSignal | undefined;
  /** Every blob that the index reaches. */
  blobs: Set<Digest>;
  /** Layers that an earlier index of that name has packed, by diff ID. */
  packed: ReadonlyMap<Digest, Descriptor>;
}

/** Afterwards the index is durable with all that it names, and the names stand for it. */
export async function recordIndex(room: ImageRoom, request: RecordIndexRequest): Promise<RecordedIndex> {
  const { images, tags = [], signal } = request;
  const names = tags.map(parseReference);
  await using attempt = new Attempt(room);
  const scratch = await mkdtemp(join(room.scratchDir, 'wharf-push-'));
  try {
    const packed = await packedBefore(room, names, attempt);
    const turn: Turn = { attempt, scratch, signal, packed, blobs: new Set() };
    const made: MadeManifest[] = [];
    for (const image of images) made.push(await putImage(room, turn, image));
    const manifests = made.map(({ descriptor }) => descriptor);
    for (const note of request.notes?.(manifests) ?? []) {
      const about = manifests[note.about];
      if (about !== undefined) manifests.push(await putNote(room, turn, { note, about }));
    }
    const document: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    const index = await putJson(room, turn, document, mediaTypes.ociIndex);
    const own = made.find(({ platform }) => isSame(platform, hostPlatform())) ?? made[0];
    if (own === undefined) throw new Error('an index without images');
    const { record } = await addImage(room, {
      configBytes: Buffer.from(JSON.stringify(own.config)),
      config: own.config,
      layers: own.layers,
      manifestDigest: own.descriptor.digest,
      index: { digest: index.digest, blobs: [...turn.blobs] },
      names,
    });
    for (const tag of tags) announce(room, 'tag', record, tag);
    return { record, index };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface MadeManifest extends IndexImage {
  descriptor: Descriptor;
}

async function putImage(room: ImageRoom, turn: Turn, image: IndexImage): Promise<MadeManifest> {
  const { config, layers, platform } = image;
  const chainIds = chainIdsOf(config.rootfs.diff_ids);
  const described: Descriptor[] = [];
  const kept: BuiltLayer[] = [];
  for (const [at, layer] of layers.entries()) {
    const chainId = chainIds[at] ?? layer.diffId;
    const descriptor = await layerBlob(room, turn, { layer, chainId });
    turn.blobs.add(descriptor.digest);
    described.push(descriptor);
    kept.push({ ...layer, digest: descriptor.digest, mediaType: descriptor.mediaType });
  }
  const configBlob = await putJson(room, turn, config, mediaTypes.ociConfig);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: configBlob,
    layers: described,
  };
  const descriptor = { ...(await putJson(room, turn, manifest, mediaTypes.ociManifest)), platform };
  return { ...image, layers: kept, descriptor };
}

async function layerBlob(
  room: ImageRoom,
  turn: Turn,
  { layer, chainId }: { layer: BuiltLayer; chainId: Digest },
): Promise<Descriptor> {
  const { digest, diffId } = layer;
  if (digest !== undefined) turn.attempt.hold('blob', digest);
  const known = blobOf(room, { ...layer, size: 0 })?.descriptor ?? turn.packed.get(diffId);
  if (known !== undefined && room.content.has(known.digest)) return known;
  const { attempt, scratch, signal } = turn;
  return (await packBlob(room, { diffId, chainId, attempt, scratch, signal })).descriptor;
}

async function putNote(
  room: ImageRoom,
  turn: Turn,
  { note, about }: { note: IndexNote; about: Descriptor },
): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  for (const { bytes, mediaType, annotations } of note.layers) {
    layers.push({ ...(await putBytes(room, turn, bytes, mediaType)), annotations });
  }
  const config = await putBytes(room, turn, note.config, mediaTypes.ociConfig);
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  return {
    ...(await putJson(room, turn, manifest, mediaTypes.ociManifest)),
    annotations: {
      'vnd.docker.reference.digest': about.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
}

async function putJson(room: ImageRoom, turn: Turn, value: object, mediaType: string): Promise<Descriptor> {
  return await putBytes(room, turn, Buffer.from(JSON.stringify(value)), mediaType);
}

async function putBytes(room: ImageRoom, turn: Turn, bytes: Buffer, mediaType: string): Promise<Descriptor> {
  const digest = imageIdOf(bytes);
  turn.attempt.hold('blob', digest);
  await room.content.put(bytes);
  turn.blobs.add(digest);
  return { mediaType, digest, size: bytes.length };
}
