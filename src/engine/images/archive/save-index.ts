// Save of an index: an OCI image layout with all that the index reaches, whatever platforms that is for.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Digest } from '#shared/oci/digest.ts';
import { formatReference, parseReference } from '#shared/oci/reference.ts';
import { type Descriptor, type Index, mediaTypes } from '#shared/oci/specs.ts';
import { Attempt } from '../garbage.ts';
import type { StoredIndex } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { nameAnnotation, refAnnotation } from './oci-layout.ts';
import { archiveStream, blobName, writeEntry, writeJson } from './save.ts';

/** The stream belongs to the caller; `as`: names that the layout gives the index. */
export function saveIndex(
  room: ImageRoom,
  { digest, blobs }: StoredIndex,
  { as = [] }: { as?: readonly string[] } = {},
): Readable {
  const top: Descriptor = { mediaType: mediaTypes.ociIndex, digest, size: room.content.size(digest) };
  const named = as.map(parseReference).map((name) => ({
    ...top,
    annotations: { [nameAnnotation]: formatReference(name), [refAnnotation]: name.tag ?? 'latest' },
  }));
  return archiveStream(async (tar) => {
    await using attempt = new Attempt(room);
    for (const blob of blobs) attempt.hold('blob', blob);
    const manifests = named.length === 0 ? [top] : named;
    const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    await writeJson(tar, 'oci-layout', { imageLayoutVersion: '1.0.0' });
    await writeJson(tar, 'index.json', index);
    for (const blob of [...blobs].sort()) await writeBlob(room, blob, tar);
  });
}

async function writeBlob(
  { content }: Pick<ImageRoom, 'content'>,
  digest: Digest,
  tar: Parameters<typeof writeEntry>[0],
): Promise<void> {
  const bytes = createReadStream(content.path(digest), { highWaterMark: 1 << 20 });
  await writeEntry(tar, { name: blobName(digest), size: content.size(digest) }, bytes);
}
