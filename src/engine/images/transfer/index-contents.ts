// What an image index reaches: its documents and their blobs, whoever has the bytes (image-spec, image-index.md).
import { type Document, parseDocument } from '#registry/manifests.ts';
import { messageOf } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { type Descriptor, mediaTypes } from '#shared/oci/specs.ts';

export interface IndexDocument {
  descriptor: Descriptor;
  bytes: Buffer;
  document: Document;
}

export interface IndexContents {
  /** The index last, and each document after those it names. */
  documents: IndexDocument[];
  /** Configurations and layers, each once; not those that registries do not have. */
  blobs: Descriptor[];
  /** Documents whose bytes could not be had or read. */
  missing: { digest: Digest; reason: string }[];
}

type Read = (descriptor: Descriptor) => Promise<Buffer | undefined>;

const maxDepth = 4;
const maxDocuments = 1000;

/** Reads an index and everything below it by `read`, which answers undefined for what is not there. */
export async function readIndex(top: Descriptor, read: Read): Promise<IndexContents> {
  const contents: IndexContents = { documents: [], blobs: [], missing: [] };
  const seen = new Set<Digest>();
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    const found = await readDocument(descriptor, {
      read,
      tooMany: depth > maxDepth || seen.size > maxDocuments,
    });
    if ('reason' in found) {
      contents.missing.push(found);
      return;
    }
    const { document } = found;
    if (document.kind === 'index') {
      for (const child of document.index.manifests) await visit(child, depth + 1);
    }
    contents.documents.push(found);
  };
  await visit(top, 1);
  const blobs = contents.documents.flatMap(({ document }) => blobsOf(document));
  contents.blobs = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  return contents;
}

async function readDocument(
  descriptor: Descriptor,
  { read, tooMany }: { read: Read; tooMany: boolean },
): Promise<IndexDocument | IndexContents['missing'][number]> {
  const { digest } = descriptor;
  if (tooMany) return { digest, reason: 'the index has too many manifests' };
  const bytes = await read(descriptor);
  if (bytes === undefined) return { digest, reason: 'not here' };
  try {
    return { descriptor, bytes, document: parseDocument(bytes) };
  } catch (thrown) {
    return { digest, reason: messageOf(thrown) };
  }
}

/** Configuration and layers of a manifest that registries have; none for an index. */
export function blobsOf(document: Document): Descriptor[] {
  if (document.kind === 'index') return [];
  const { config, layers } = document.manifest;
  return [config, ...layers.filter((layer) => !/foreign|nondistributable/.test(layer.mediaType))];
}

/** The media type a document is pushed as. */
export function mediaTypeOf({ descriptor, document }: IndexDocument): string {
  if (document.kind === 'index')
    return document.index.mediaType ?? (descriptor.mediaType || mediaTypes.ociIndex);
  return document.manifest.mediaType ?? (descriptor.mediaType || mediaTypes.ociManifest);
}
