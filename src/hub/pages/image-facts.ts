// What pages tell of an image: platforms, sizes, layers with the instruction that made each. Bad documents tell less.
import { type BlobDigest, isBlobDigest } from '#shared/oci/digest.ts';
import { formatPlatform } from '#shared/oci/platform.ts';
import { mediaTypes } from '#shared/oci/specs.ts';
import type { Hub } from '../hub.ts';

export interface LayerFacts {
  instruction: string;
  /** Undefined where the instruction changed no file. */
  sizeBytes: number | undefined;
  digest: string | undefined;
}

export interface ImageFacts {
  digest: BlobDigest;
  /** `linux/amd64`; empty where it is no image for a platform. */
  platform: string;
  sizeBytes: number;
  createdAtMs: number | undefined;
  layers: LayerFacts[];
  artifactType: string;
}

type Raw = Record<string, unknown>;

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];
const maxConfigBytes = 8 * 1024 * 1024;
const maxPlatforms = 30;

/** The image under `digest`, or each image of the index there, those of an unknown platform left out. */
export async function readImages(hub: Hub, repository: string, digest: BlobDigest): Promise<ImageFacts[]> {
  const record = hub.repositories.manifest(repository, digest);
  if (record === undefined) return [];
  if (!indexTypes.includes(record.mediaType)) return [await readImage(hub, digest)];
  const children = listOf((await readJson(hub, digest))['manifests']);
  const images: ImageFacts[] = [];
  for (const child of children.slice(0, maxPlatforms)) {
    const platform = rawOf(child['platform']);
    const childDigest = textOf(child['digest']);
    if (platform['os'] === 'unknown' || !isBlobDigest(childDigest)) continue;
    const image = await readImage(hub, childDigest);
    images.push({ ...image, platform: platformText(platform) || image.platform });
  }
  return images;
}

async function readImage(hub: Hub, digest: BlobDigest): Promise<ImageFacts> {
  const manifest = await readJson(hub, digest);
  const layers = listOf(manifest['layers']);
  const descriptor = rawOf(manifest['config']);
  const configDigest = textOf(descriptor['digest']);
  const config = isBlobDigest(configDigest) ? await readJson(hub, configDigest) : {};
  const created = Date.parse(textOf(config['created']));
  return {
    digest,
    platform: platformText(config),
    sizeBytes: [descriptor, ...layers].reduce((sum, each) => sum + sizeOf(each), 0),
    createdAtMs: Number.isNaN(created) || created <= 0 ? undefined : created,
    layers: layersOf(layers, listOf(config['history'])),
    artifactType: textOf(manifest['artifactType']),
  };
}

/** History entries beside the layers they made (OCI image-spec, config.md, "history"). */
export function layersOf(layers: Raw[], history: Raw[]): LayerFacts[] {
  const left = [...layers];
  const facts = history.slice(0, 1000).map((entry): LayerFacts => {
    const layer = entry['empty_layer'] === true ? undefined : left.shift();
    return layerFacts(instructionOf(textOf(entry['created_by'])), layer);
  });
  // More layers than history: told without an instruction.
  return [...facts, ...left.map((layer) => layerFacts('', layer))];
}

function layerFacts(instruction: string, layer: Raw | undefined): LayerFacts {
  return {
    instruction,
    sizeBytes: layer === undefined ? undefined : sizeOf(layer),
    digest: layer === undefined ? undefined : textOf(layer['digest']),
  };
}

/** The line of a Dockerfile behind `created_by`, without the shell around it. */
export function instructionOf(createdBy: string): string {
  const text = createdBy.replace(/\s+/g, ' ').trim().slice(0, 2000);
  const nop = /^\/bin\/sh -c #\(nop\) ?(.*)$/.exec(text)?.[1];
  if (nop !== undefined) return nop.trim();
  const shell = /^(?:RUN )?(?:\|\d+ .*)?\/bin\/sh -c (.*)$/.exec(text)?.[1];
  return shell === undefined ? text.replace(/ # buildkit$/, '') : `RUN ${shell.replace(/ # buildkit$/, '')}`;
}

function platformText(raw: Raw): string {
  const os = textOf(raw['os']);
  const architecture = textOf(raw['architecture']);
  if (os === '' || architecture === '') return '';
  const variant = textOf(raw['variant']);
  return formatPlatform({ os, architecture, ...(variant === '' ? {} : { variant }) });
}

/** An empty object for what is not here, too large, or no JSON object. */
async function readJson({ content }: Hub, digest: BlobDigest): Promise<Raw> {
  if (!content.has(digest) || content.size(digest) > maxConfigBytes) return {};
  try {
    return rawOf(JSON.parse((await content.read(digest)).toString('utf8')));
  } catch {
    return {};
  }
}

function rawOf(value: unknown): Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}

function listOf(value: unknown): Raw[] {
  return Array.isArray(value) ? value.map(rawOf) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function sizeOf(raw: Raw): number {
  const { size } = raw;
  return typeof size === 'number' && Number.isFinite(size) && size > 0 ? size : 0;
}
