// The `index.json` beside Docker's `manifest.json`: both tell of the same images, and only it has their digests.
import { parseDocument } from '#registry/manifests.ts';
import { invalid } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { formatReference, parseReference } from '#shared/oci/reference.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import { imageIdOf } from '../add.ts';
import type { ArchivedImage } from './archived-image.ts';
import { documentsOf, indexOf, namesOf } from './oci-layout.ts';
import type { Spool } from './spool.ts';

/** What one entry of `index.json` stands for. */
interface Entry {
  descriptor: Descriptor;
  isIndex: boolean;
  /** As in the annotations, whole. */
  names: readonly string[];
  /** Of the images it reaches: the manifest by the configuration. */
  manifests: ReadonlyMap<Digest, Digest>;
}

type Source = Pick<ArchivedImage, 'manifestDigest' | 'index'>;

/** The images with the manifests and indexes that `index.json` has them by; as they were where it has none. */
export async function withIndexes(spool: Spool, images: readonly ArchivedImage[]): Promise<ArchivedImage[]> {
  const top = parseDocument(await spool.read('index.json'));
  if (top.kind !== 'index') throw invalid('invalid archive: index.json is no image index');
  const entries: Entry[] = [];
  for (const descriptor of top.index.manifests) entries.push(await entryOf(spool, descriptor));
  const all: ArchivedImage[] = [];
  for (const image of images) all.push(...(await partsOf(spool, image, entries)));
  return all;
}

async function entryOf(spool: Spool, descriptor: Descriptor): Promise<Entry> {
  const { documents } = await documentsOf(spool, descriptor);
  const manifests = new Map<Digest, Digest>();
  for (const { descriptor: own, document } of documents) {
    if (document.kind === 'manifest') manifests.set(document.manifest.config.digest, own.digest);
  }
  const isIndex = documents.some(
    (one) => one.descriptor.digest === descriptor.digest && one.document.kind === 'index',
  );
  return { descriptor, isIndex, names: namesOf(descriptor), manifests };
}

/** One for each entry that names of the image stand for: the same image can be of several indexes. */
async function partsOf(
  spool: Spool,
  image: ArchivedImage,
  entries: readonly Entry[],
): Promise<ArchivedImage[]> {
  const id = imageIdOf(image.configBytes);
  const own = entries.filter(({ manifests }) => manifests.has(id));
  const [first] = own;
  if (first === undefined) return [image];
  if (image.names.length === 0) return [{ ...image, ...(await sourceOf(spool, first, id)) }];
  const byEntry = new Map<Entry, string[]>();
  for (const name of image.names) {
    const whole = formatReference(parseReference(name));
    const entry = own.find(({ names }) => names.includes(whole)) ?? first;
    byEntry.set(entry, [...(byEntry.get(entry) ?? []), name]);
  }
  const parts: ArchivedImage[] = [];
  for (const [entry, names] of byEntry)
    parts.push({ ...image, names, ...(await sourceOf(spool, entry, id)) });
  return parts;
}

async function sourceOf(
  spool: Spool,
  { descriptor, isIndex, manifests }: Entry,
  id: Digest,
): Promise<Source> {
  const manifestDigest = manifests.get(id);
  return {
    ...(manifestDigest === undefined ? {} : { manifestDigest }),
    ...(isIndex ? { index: await indexOf(spool, descriptor) } : {}),
  };
}
