// OCI image layouts (image-spec, image-layout.md): from `index.json` to the images for this machine.

import { parseDocument } from '#registry/manifests.ts';
import { invalid, unsupported } from '#shared/errors.ts';
import { type Digest, hexOf } from '#shared/oci/digest.ts';
import { hostPlatform, pickPlatform } from '#shared/oci/platform.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import type { ArchivedImage } from './archived-image.ts';
import type { Spool } from './spool.ts';

/** Annotation in which containerd and Docker keep an image's full name. */
export const nameAnnotation = 'io.containerd.image.name';
export const refAnnotation = 'org.opencontainers.image.ref.name';

const blobName = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

/** The images of a layout, each once, with all its names. Blobs were verified when they were spooled. */
export async function imagesOfLayout(spool: Spool): Promise<ArchivedImage[]> {
  const top = parseDocument(await spool.read('index.json'));
  if (top.kind !== 'index') throw invalid('invalid archive: index.json is no image index');
  const images = new Map<Digest, ArchivedImage>();
  for (const descriptor of top.index.manifests) {
    const { digest, image } = await imageOf(spool, descriptor);
    const known = images.get(digest) ?? image;
    known.names.push(...namesOf(descriptor));
    images.set(digest, known);
  }
  return [...images.values()];
}

async function imageOf(
  spool: Spool,
  descriptor: Descriptor,
  depth = 0,
): Promise<{ digest: Digest; image: ArchivedImage }> {
  const document = parseDocument(await spool.read(blobName(descriptor.digest)));
  if (document.kind === 'index') {
    const picked = depth < 3 ? pickPlatform(document.index.manifests, hostPlatform()) : undefined;
    if (picked === undefined)
      throw unsupported(`the archive has no image for this machine in ${descriptor.digest}`);
    return await imageOf(spool, picked, depth + 1);
  }
  const { config, layers } = document.manifest;
  const image: ArchivedImage = {
    configBytes: await spool.read(blobName(config.digest)),
    layers: layers.map(({ digest, mediaType }) => ({ file: spool.get(blobName(digest)), mediaType })),
    names: [],
    manifestDigest: descriptor.digest,
  };
  return { digest: descriptor.digest, image };
}

/** A bare tag names no image, so only whole names count. */
function namesOf({ annotations }: Descriptor): string[] {
  const full = annotations?.[nameAnnotation];
  if (full !== undefined) return [full];
  const ref = annotations?.[refAnnotation];
  return ref !== undefined && /[/:]/.test(ref) ? [ref] : [];
}
