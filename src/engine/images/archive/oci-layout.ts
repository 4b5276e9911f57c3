// OCI image layouts (image-spec, image-layout.md): from `index.json` to the images for this machine.

import { parseDocument } from '#registry/manifests.ts';
import { invalid, unsupported } from '#shared/errors.ts';
import { type Digest, hexOf } from '#shared/oci/digest.ts';
import { formatPlatform, hostPlatform, pickPlatform } from '#shared/oci/platform.ts';
import type { Descriptor, Platform } from '#shared/oci/specs.ts';
import type { StoredIndex } from '../record.ts';
import { type IndexContents, readIndex } from '../transfer/index-contents.ts';
import type { ArchivedImage } from './archived-image.ts';
import type { Spool } from './spool.ts';

/** Annotation in which containerd and Docker keep an image's full name. */
export const nameAnnotation = 'io.containerd.image.name';
export const refAnnotation = 'org.opencontainers.image.ref.name';

const blobName = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

/** The images of a layout for the platform, each once, with all its names. Blobs were verified when they were spooled. */
export async function imagesOfLayout(spool: Spool, platform = hostPlatform()): Promise<ArchivedImage[]> {
  const top = parseDocument(await spool.read('index.json'));
  if (top.kind !== 'index') throw invalid('invalid archive: index.json is no image index');
  const images = new Map<Digest, ArchivedImage>();
  for (const descriptor of top.index.manifests) {
    const known = images.get(descriptor.digest) ?? (await imageOf(spool, { descriptor, platform }));
    known.names.push(...namesOf(descriptor));
    images.set(descriptor.digest, known);
  }
  return [...images.values()];
}

interface Wanted {
  descriptor: Descriptor;
  platform: Platform;
}

async function imageOf(spool: Spool, { descriptor, platform }: Wanted, depth = 0): Promise<ArchivedImage> {
  const document = parseDocument(await spool.read(blobName(descriptor.digest)));
  if (document.kind === 'index') {
    const picked = depth < 3 ? pickPlatform(document.index.manifests, platform) : undefined;
    if (picked === undefined)
      throw unsupported(`the archive has no image for ${formatPlatform(platform)} in ${descriptor.digest}`);
    const image = await imageOf(spool, { descriptor: picked, platform }, depth + 1);
    return { ...image, index: await indexOf(spool, descriptor) };
  }
  const { config, layers } = document.manifest;
  return {
    configBytes: await spool.read(blobName(config.digest)),
    layers: layers.map(({ digest, mediaType }) => ({ file: spool.get(blobName(digest)), mediaType })),
    names: [],
    manifestDigest: descriptor.digest,
  };
}

/** The manifest or index that the descriptor names and all below it, as far as the archive has them. */
export async function documentsOf(spool: Spool, descriptor: Descriptor): Promise<IndexContents> {
  return await readIndex(descriptor, async ({ digest }) =>
    spool.find(blobName(digest)) === undefined ? undefined : await spool.read(blobName(digest)),
  );
}

/** What the archive has of an index. */
export async function indexOf(spool: Spool, descriptor: Descriptor): Promise<StoredIndex> {
  const { documents, blobs } = await documentsOf(spool, descriptor);
  const isThere = ({ digest }: Descriptor): boolean => spool.find(blobName(digest)) !== undefined;
  const kept = [...documents.map((one) => one.descriptor), ...blobs.filter(isThere)];
  return { digest: descriptor.digest, blobs: [...new Set(kept.map(({ digest }) => digest))] };
}

/** Whole names of an entry of `index.json`: a bare tag names no image. */
export function namesOf({ annotations }: Descriptor): string[] {
  const full = annotations?.[nameAnnotation];
  if (full !== undefined) return [full];
  const ref = annotations?.[refAnnotation];
  return ref !== undefined && /[/:]/.test(ref) ? [ref] : [];
}
