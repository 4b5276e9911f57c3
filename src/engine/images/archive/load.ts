// Load: images out of an archive made by `save`, `docker save`, or an OCI image layout.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ProgressLine } from '#shared/contract/image.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { formatPlatform } from '#shared/oci/platform.ts';
import { familiarReference, parseReference } from '#shared/oci/reference.ts';
import type { ImageConfig, Platform } from '#shared/oci/specs.ts';
import { addImage, imageIdOf } from '../add.ts';
import { parseConfig } from '../config-shape.ts';
import { Attempt } from '../garbage.ts';
import type { ImageRecord } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { announce } from '../tag.ts';
import { ensureLayers } from '../transfer/layers.ts';
import type { ArchivedImage } from './archived-image.ts';
import { withIndexes } from './beside-manifest.ts';
import { imagesOfDockerArchive } from './docker-archive.ts';
import { imagesOfLayout } from './oci-layout.ts';
import { adopt, type Spool, type SpoolPlace, spoolArchive } from './spool.ts';

export interface LoadOptions {
  onProgress?: ((line: ProgressLine) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** The names in the archive are left out. */
  untagged?: boolean;
  /** Only images of this platform; without it this machine's of an index, and all that stand alone. */
  platform?: Platform | undefined;
}

/** Afterwards every image of the archive is there. One bad image spoils the whole load: nothing of it stays. */
export async function loadImages(
  room: ImageRoom,
  stream: Readable,
  { onProgress, signal, untagged, platform }: LoadOptions,
): Promise<ImageRecord[]> {
  const scratch = await mkdtemp(join(room.scratchDir, 'wharf-load-'));
  try {
    await using attempt = new Attempt(room);
    const place: SpoolPlace = { content: room.content, attempt, scratch, signal };
    const spool = await spoolArchive(stream, place);
    const records: ImageRecord[] = [];
    for (const found of await imagesIn(spool, platform)) {
      const image = untagged === true ? { ...found, names: [] } : found;
      records.push(await loadOne(room, image, { place, tell: onProgress ?? (() => {}) }));
    }
    return records;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function imagesIn(spool: Spool, platform: Platform | undefined): Promise<ArchivedImage[]> {
  const [hasDocker, hasIndex] = ['manifest.json', 'index.json'].map((name) => spool.find(name) !== undefined);
  if (!hasDocker && !hasIndex)
    throw invalid('invalid archive: it has neither a manifest.json nor an index.json');
  const isWanted = ({ configBytes }: ArchivedImage): boolean =>
    platform === undefined || isOf(parseConfig(configBytes), platform);
  const listed = hasDocker ? await imagesOfDockerArchive(spool) : [];
  const wanted = listed.filter(isWanted);
  const isListed = hasDocker && (wanted.length > 0 || platform === undefined);
  if (isListed) return hasIndex ? await withIndexes(spool, wanted) : wanted;
  // Docker's list has one platform of an image; an index may have the one that is asked for.
  const found = hasIndex ? (await imagesOfLayout(spool, platform)).filter(isWanted) : [];
  if (found.length > 0 || platform === undefined) return found;
  throw notFound(`no image of the archive provides the specified platform (${formatPlatform(platform)})`);
}

function isOf({ os, architecture, variant }: ImageConfig, wanted: Platform): boolean {
  if (os !== wanted.os || architecture !== wanted.architecture) return false;
  return !wanted.variant || !variant || variant === wanted.variant;
}

interface LoadTurn {
  place: SpoolPlace;
  tell: (line: ProgressLine) => void;
}

async function loadOne(
  room: ImageRoom,
  image: ArchivedImage,
  { place, tell }: LoadTurn,
): Promise<ImageRecord> {
  const config = parseConfig(image.configBytes);
  place.attempt.hold('blob', imageIdOf(image.configBytes));
  await loadLayers(room, { image, config, place, tell });
  const names = image.names.map(parseReference);
  const { record, displaced } = await addImage(room, {
    configBytes: image.configBytes,
    config,
    layers: image.layers.map(({ file, mediaType }, index) => ({
      diffId: config.rootfs.diff_ids[index] ?? file.digest,
      digest: file.digest,
      mediaType,
    })),
    names,
    ...(image.manifestDigest === undefined ? {} : { manifestDigest: image.manifestDigest }),
    ...(image.index === undefined ? {} : { index: image.index }),
  });
  for (const { name, id } of displaced) {
    tell({
      stream: `The image ${familiarReference(name)} already exists, renaming the old one with ID ${id} to empty string\n`,
    });
  }
  for (const name of names) tell({ stream: `Loaded image: ${familiarReference(name)}\n` });
  if (names.length === 0) tell({ stream: `Loaded image ID: ${record.id}\n` });
  announce(room, 'load', record, record.tags[0] ?? record.id);
  return record;
}

async function loadLayers(
  room: ImageRoom,
  { image, config, place, tell }: LoadTurn & { image: ArchivedImage; config: ImageConfig },
): Promise<void> {
  const files = new Map(image.layers.map(({ file }) => [file.digest, file]));
  // Also those that are unpacked already: what is saved or pushed later must have the very bytes of its digest.
  for (const file of files.values()) await adopt(file, place);
  await ensureLayers(room, {
    diffIds: config.rootfs.diff_ids,
    sources: image.layers.map(({ file, mediaType }) => ({ digest: file.digest, mediaType })),
    attempt: place.attempt,
    signal: place.signal,
    fetch: async () => {},
    onStep: (source, status) => {
      if (status !== 'Pull complete') return;
      const size = files.get(source.digest)?.sizeBytes ?? 0;
      const progressDetail = { current: size, total: size };
      tell({ status: 'Loading layer', progressDetail, id: shortOf(source.digest) });
    },
  });
}
