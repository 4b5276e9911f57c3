// Push: the layers a registry lacks, the configuration, then the manifest under its tag.
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistryAuth } from '#registry/auth.ts';
import type { ProgressLine } from '#shared/contract/image.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { type Digest, shortOf } from '#shared/oci/digest.ts';
import {
  familiarReference,
  familiarRepository,
  parseReference,
  type Reference,
  repositoryOf,
} from '#shared/oci/reference.ts';
import { type Descriptor, type Manifest, mediaTypes } from '#shared/oci/specs.ts';
import { packLayer } from '#storage/archive/archive.ts';
import { chainIdsOf, imageIdOf } from '../add.ts';
import { blobOf, type LayerFile } from '../archive/layer-file.ts';
import { Attempt } from '../garbage.ts';
import type { ImageLayer, ImageRecord } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { announce } from '../tag.ts';
import { Progress } from './progress.ts';

export interface PushRequest {
  /** As the user typed it. */
  reference: string;
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
  const progress = new Progress(request.onProgress);
  progress.line({ status: `The push refers to repository [${repositoryOf(ref)}]` });
  const scratch = await mkdtemp(join(room.scratchDir, 'wharf-push-'));
  try {
    await using attempt = new Attempt(room);
    const digest = await push(room, { ...request, ref, image, attempt, progress, scratch });
    announce(room, 'push', image, familiarReference(ref));
    return digest;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
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
  const open = (start: number) => createReadStream(room.content.path(image.id), { start });
  const blob = { digest: image.id, size: configBytes.length };
  if (!(await room.registry.hasBlob(ref, image.id, { auth, signal }))) {
    await room.registry.uploadBlob(ref, { descriptor: blob, open }, { auth, signal });
  }
  const { bytes, mediaType } = await manifestFor(room, image, { config: blob, layers });
  const target = ref.tag ?? 'latest';
  await room.registry.putManifest(ref, { target, mediaType, bytes }, { auth, signal });
  const digest = imageIdOf(bytes);
  room.store.setName({ registry: ref.registry, repository: ref.repository, digest }, image.id);
  turn.progress.line({ status: `${target}: digest: ${digest} size: ${bytes.length}` });
  turn.progress.line({ progressDetail: {}, aux: { Tag: target, Digest: digest, Size: bytes.length } });
  return digest;
}

async function pushLayer(
  room: ImageRoom,
  turn: PushTurn,
  { layer, chainId }: { layer: ImageLayer; chainId: Digest },
): Promise<Descriptor> {
  const { ref, auth, signal, progress } = turn;
  const id = shortOf(layer.diffId);
  const file = blobOf(room, layer) ?? (await packGzip(room, turn, { layer, chainId }));
  const { descriptor, path } = file;
  if (await room.registry.hasBlob(ref, descriptor.digest, { auth, signal })) {
    progress.step(id, 'Layer already exists');
    return descriptor;
  }
  const from = otherRepository(room, turn, descriptor.digest);
  if (from !== undefined && (await room.registry.mountBlob(ref, descriptor.digest, { from, auth, signal }))) {
    progress.step(id, `Mounted from ${from}`);
    return descriptor;
  }
  const open = (start: number) => {
    const stream = createReadStream(path, { start, highWaterMark: 1 << 18 });
    let current = start;
    const total = descriptor.size;
    stream.on('data', (chunk) => {
      current += chunk.length;
      progress.counted(id, 'Pushing', { current, total });
    });
    return stream;
  };
  await room.registry.uploadBlob(ref, { descriptor, open }, { auth, signal });
  progress.step(id, 'Pushed');
  return descriptor;
}

/** Another repository of the same registry that is known to have an image with this layer. */
function otherRepository({ store }: ImageRoom, { ref }: PushTurn, layer: Digest): string | undefined {
  const others = store
    .all()
    .filter((image) => image.layers.some(({ digest }) => digest === layer))
    .flatMap((image) => image.repoDigests.map(parseReference));
  return others.find((one) => one.registry === ref.registry && one.repository !== ref.repository)?.repository;
}

/** Packs a layer that has no blob; the blob is kept, so that the next push finds it. */
async function packGzip(
  room: ImageRoom,
  turn: PushTurn,
  { layer, chainId }: { layer: ImageLayer; chainId: Digest },
): Promise<LayerFile> {
  const { image, attempt, scratch, signal } = turn;
  const output = join(scratch, layer.diffId.slice(7));
  const { dir } = room.snapshots.layer(chainId);
  const packed = await packLayer({
    dir,
    output,
    compress: 'gzip',
    ...(signal === undefined ? {} : { signal }),
  });
  if (packed.diffId !== layer.diffId) throw invalid(`layer ${layer.diffId} has changed on disk`);
  const { digest } = packed;
  attempt.hold('blob', digest);
  if (!room.content.has(digest)) {
    await using ingest = await room.content.ingest(digest, { digest, size: packed.sizeBytes });
    const start = ingest.offset;
    for await (const chunk of createReadStream(output, { start, highWaterMark: 1 << 20 }))
      await ingest.write(chunk);
    await ingest.commit();
  }
  await rm(output, { force: true });
  room.leases.hold(`blob:${digest}`, `image:${image.id}`);
  remember(room, image.id, { ...layer, digest, mediaType: mediaTypes.ociLayerGzip });
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest, size: room.content.size(digest) };
  return { descriptor, path: room.content.path(digest) };
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
