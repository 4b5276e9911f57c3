// `manifest.json` of `docker save` archives: which config, names and layers each image has.
import { closeSync, openSync, readSync } from 'node:fs';
import { invalid } from '#shared/errors.ts';
import { mediaTypes } from '#shared/oci/specs.ts';
import type { ArchivedImage } from './archived-image.ts';
import { type Spool, safeName } from './spool.ts';

interface Item {
  Config: string;
  RepoTags?: string[] | null;
  Layers?: string[] | null;
}

/** The images of a Docker archive, in its order. Throws `invalid`. */
export async function imagesOfDockerArchive(spool: Spool): Promise<ArchivedImage[]> {
  const items = parseItems(await spool.read('manifest.json'));
  const images: ArchivedImage[] = [];
  for (const item of items) {
    const layers = (item.Layers ?? []).map((name) => ({
      file: spool.get(safeName(name)),
      mediaType: mediaTypeOf(spool.get(safeName(name)).path),
    }));
    images.push({ configBytes: await spool.read(safeName(item.Config)), layers, names: item.RepoTags ?? [] });
  }
  return images;
}

function parseItems(bytes: Buffer): Item[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid('invalid archive: manifest.json is not JSON', { cause });
  }
  if (!Array.isArray(parsed) || !parsed.every(isItem))
    throw invalid('invalid archive: manifest.json has a wrong shape');
  return parsed;
}

function isItem(value: unknown): value is Item {
  if (typeof value !== 'object' || value === null) return false;
  const item: Partial<Record<keyof Item, unknown>> = value;
  return typeof item.Config === 'string' && isTexts(item.RepoTags) && isTexts(item.Layers);
}

function isTexts(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (Array.isArray(value) && value.every((one) => typeof one === 'string'))
  );
}

/** The archive does not say how a layer is compressed; its first bytes do. */
function mediaTypeOf(path: string): string {
  const head = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, 4, 0);
  } finally {
    closeSync(file);
  }
  if (head[0] === 0x1f && head[1] === 0x8b) return mediaTypes.ociLayerGzip;
  return head.readUInt32LE(0) === 0xfd2fb528 ? mediaTypes.ociLayerZstd : mediaTypes.ociLayer;
}
