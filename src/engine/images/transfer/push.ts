// Push: the layers a registry lacks, the configuration, then the manifest under its tag.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistryAuth } from '#registry/auth.ts';
import type { ProgressLine } from '#shared/contract/image.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { type Digest, shortOf } from '#shared/oci/digest.ts';
import { formatPlatform } from '#shared/oci/platform.ts';
import {
  familiarReference,
  familiarRepository,
  parseReference,
  type Reference,
  repositoryOf,
} from '#shared/oci/reference.ts';
import { type Descriptor, type Manifest, mediaTypes, type Platform } from '#shared/oci/specs.ts';
import { chainIdsOf } from '#storage/snapshots/chain-id.ts';
import { imageIdOf } from '../add.ts';
import { blobOf, type LayerFile } from '../archive/layer-file.ts';
import { Attempt } from '../garbage.ts';
import { type ImageLayer, type ImageRecord, subjectsOf } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { announce } from '../tag.ts';
import { packBlob } from './pack-blob.ts';
import { Progress } from './progress.ts';
import { indexHere, isSame, manifestForPlatform, type PushPlan, pushPlan, wholeIndex } from './push-index.ts';
import { uploadFile } from './upload.ts';

export interface PushRequest {
  /** As the user typed it. */
  reference: string;
  /** Only the manifest of this platform; the index the image came by, where all of it is here, unless told. */
  platform?: Platform | undefined;
  auth?: RegistryAuth | undefined;
  onProgress?: ((line: ProgressLine) => void) | undefined;
  signal?: AbortSignal | undefined;
}

interface PushTurn extends PushRequest {
  ref: Reference;
  image: ImageRecord;
  attempt: Attempt;
  progress: Progress;
  scratch: string;
}

/** Afterwards the registry has the image under this name. Answers the manifest's digest. */
export async function pushImage(room: ImageRoom, request: PushRequest): Promise<Digest> {
  const ref = parseReference(request.reference);
  if (ref.digest !== undefined) throw invalid('cannot push a digest reference');
  const id = room.store.idOfName(ref);
  const image = id === undefined ? undefined : room.store.find(id);
  if (image === undefined) {
    throw notFound(`An image does not exist locally with the tag: ${familiarRepository(ref)}`);
  }
  await using attempt = new Attempt(room);
  attempt.holdAll(subjectsOf(image));
  const choice = await choose(room, { ref, image, attempt, platform: request.platform });
  const progress = new Progress(request.onProgress);
  progress.line({ status: `The push refers to repository [${repositoryOf(ref)}]` });
  const scratch = await mkdtemp(join(room.scratchDir, 'wharf-push-'));
  try {
    const turn = { ...request, ref, image, attempt, progress, scratch };
    const digest = await pushChosen(room, turn, choice);
    announce(room, 'push', image, familiarReference(ref));
    return digest;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Choice {
  /** Documents of the index; the image itself is pushed where there is none. */
  plan?: PushPlan | undefined;
  /** The index that the name stands for, and that is not whole here. */
  insteadOf?: Digest | undefined;
}

/** The index, the manifest of the platform asked for, or the one of the image here. */
async function choose(
  room: ImageRoom,
  { ref, image, attempt, platform }: Pick<PushTurn, 'ref' | 'image' | 'attempt' | 'platform'>,
): Promise<Choice> {
  const here = await indexHere(room, { ref, image, attempt });
  if (platform !== undefined) {
    if (isSame(image.config, platform)) return {};
    const plan = here && manifestForPlatform(room, here, platform);
    if (plan === undefined) throw lacks(ref, platform);
    return { plan };
  }
  const plan = here && wholeIndex(room, here);
  return plan === undefined ? { insteadOf: room.store.indexOfName(ref) } : { plan };
}

function lacks(ref: Reference, platform: Platform): Error {
  const [name, wanted] = [familiarReference(ref), formatPlatform(platform)];
  return notFound(
    `image with reference ${name} was found but does not provide the specified platform (${wanted})`,
    { hint: `Get every platform it has with: wharf pull --all-platforms ${name}` },
  );
}

async function pushChosen(room: ImageRoom, turn: PushTurn, { plan, insteadOf }: Choice): Promise<Digest> {
  if (plan !== undefined) {
    const { digest, size } = await pushPlan(room, turn, plan);
    // A manifest of another platform is not what the image here is.
    if (digest === room.store.indexOfName(turn.ref)) noteDigest(room, turn, { digest, index: digest });
    tellDigest(turn, { digest, size });
    return digest;
  }
  const digest = await push(room, turn);
  if (insteadOf === undefined) return digest;
  turn.progress.line({
    status: `Not all multiplatform-content is present and only the available single-platform image was pushed: ${insteadOf} -> ${digest}`,
  });
  turn.progress.line({
    status: `Get the other platforms with: wharf pull --all-platforms ${familiarReference(turn.ref)}`,
  });
  return digest;
}

function noteDigest(
  { store }: ImageRoom,
  { ref: { registry, repository }, image }: PushTurn,
  { digest, index }: { digest: Digest; index?: Digest },
): void {
  // It may have been removed meanwhile.
  if (store.find(image.id) === undefined) return;
  store.setName({ registry, repository, digest }, image.id, index);
}

function tellDigest({ ref, progress }: PushTurn, { digest, size }: { digest: Digest; size: number }): void {
  const tag = ref.tag ?? 'latest';
  progress.line({ status: `${tag}: digest: ${digest} size: ${size}` });
  progress.line({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
}

async function push(room: ImageRoom, turn: PushTurn): Promise<Digest> {
  const { ref, image, auth, signal } = turn;
  const chainIds = chainIdsOf(image.layers.map((layer) => layer.diffId));
  for (const layer of image.layers) turn.progress.step(shortOf(layer.diffId), 'Preparing');
  const layers = await Promise.all(
    image.layers.map((layer, index) =>
      room.uploads.run(() => pushLayer(room, turn, { layer, chainId: chainIds[index] ?? layer.diffId })),
    ),
  );
  const configBytes = await room.content.read(image.id);
  const blob = { digest: image.id, size: configBytes.length };
  await uploadFile(room, turn, { descriptor: blob, path: room.content.path(image.id) });
  const { bytes, mediaType } = await manifestFor(room, image, { config: blob, layers });
  const target = ref.tag ?? 'latest';
  await room.registry.putManifest(ref, { target, mediaType, bytes }, { auth, signal });
  const digest = imageIdOf(bytes);
  noteDigest(room, turn, { digest });
  tellDigest(turn, { digest, size: bytes.length });
  return digest;
}

async function pushLayer(
  room: ImageRoom,
  turn: PushTurn,
  { layer, chainId }: { layer: ImageLayer; chainId: Digest },
): Promise<Descriptor> {
  const { descriptor, path } = blobOf(room, layer) ?? (await packGzip(room, turn, { layer, chainId }));
  await uploadFile(room, turn, { descriptor, path, id: shortOf(layer.diffId) });
  return descriptor;
}

/** Packs a layer that has no blob; the blob is kept, so that the next push finds it. */
async function packGzip(
  room: ImageRoom,
  { image, attempt, scratch, signal }: PushTurn,
  { layer, chainId }: { layer: ImageLayer; chainId: Digest },
): Promise<LayerFile> {
  const file = await packBlob(room, { diffId: layer.diffId, chainId, attempt, scratch, signal });
  const { digest, mediaType } = file.descriptor;
  if (room.store.find(image.id) !== undefined) room.leases.hold(`blob:${digest}`, `image:${image.id}`);
  remember(room, image.id, { ...layer, digest, mediaType });
  return file;
}

function remember({ store }: ImageRoom, id: Digest, layer: ImageLayer): void {
  const known = store.find(id);
  if (known === undefined) return;
  const { tags: _, repoDigests: __, ...stored } = known;
  store.put({ ...stored, layers: stored.layers.map((one) => (one.diffId === layer.diffId ? layer : one)) });
}

/** The manifest the image was pulled by, where it still fits: then the digest stays. Else a new one. */
async function manifestFor(
  { content }: ImageRoom,
  image: ImageRecord,
  { config, layers }: { config: { digest: Digest; size: number }; layers: Descriptor[] },
): Promise<{ bytes: Buffer; mediaType: string }> {
  const { manifestDigest } = image;
  if (manifestDigest !== undefined && content.has(manifestDigest)) {
    const bytes = await content.read(manifestDigest);
    const pulled: Manifest = JSON.parse(bytes.toString('utf8'));
    const fits = pulled.layers.every((layer, index) => layer.digest === layers[index]?.digest);
    if (fits) return { bytes, mediaType: pulled.mediaType ?? mediaTypes.ociManifest };
  }
  const mediaType = mediaTypes.ociManifest;
  const made: Manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: mediaTypes.ociConfig, ...config },
    layers,
  };
  return { bytes: Buffer.from(JSON.stringify(made)), mediaType };
}
