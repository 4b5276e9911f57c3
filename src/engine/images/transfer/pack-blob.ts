// A layer that has no blob is packed into one, which the content store then keeps.
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, isKind } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Reference } from '#shared/oci/reference.ts';
import { type Descriptor, mediaTypes } from '#shared/oci/specs.ts';
import { packLayer } from '#storage/archive/archive.ts';
import type { LayerFile } from '../archive/layer-file.ts';
import { parseConfig } from '../config-shape.ts';
import type { Attempt } from '../garbage.ts';
import type { ImageRoom } from '../room.ts';
import { contentsOf } from './push-index.ts';

export interface PackBlobRequest {
  diffId: Digest;
  chainId: Digest;
  /** Holds the blob; whoever wants it for longer holds it too. */
  attempt: Attempt;
  /** A folder for the file while it is written. */
  scratch: string;
  signal?: AbortSignal | undefined;
}

/** The blob, compressed with gzip. Throws `invalid` where the layer's files are no longer what its diff ID says. */
export async function packBlob(
  room: Pick<ImageRoom, 'content' | 'snapshots'>,
  { diffId, chainId, attempt, scratch, signal }: PackBlobRequest,
): Promise<LayerFile> {
  const output = join(scratch, chainId.slice(7));
  const { dir } = room.snapshots.layer(chainId);
  const packed = await packLayer({
    dir,
    output,
    compress: 'gzip',
    ...(signal === undefined ? {} : { signal }),
  });
  if (packed.diffId !== diffId) throw invalid(`layer ${diffId} has changed on disk`);
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
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest, size: room.content.size(digest) };
  return { descriptor, path: room.content.path(digest) };
}

/** Blobs that the indexes of these names have, by diff ID; the attempt holds them. */
export async function packedBefore(
  { store, content }: Pick<ImageRoom, 'store' | 'content'>,
  names: readonly Reference[],
  attempt: Attempt,
): Promise<Map<Digest, Descriptor>> {
  const packed = new Map<Digest, Descriptor>();
  const read = async ({ digest }: Descriptor): Promise<Buffer | undefined> =>
    content.has(digest) ? await content.read(digest) : undefined;
  for (const name of names) {
    const [digest, owner] = [store.indexOfName(name), store.idOfName(name)];
    const indexes = owner === undefined ? [] : (store.find(owner)?.indexes ?? []);
    const known = indexes.find((one) => one.digest === digest);
    if (known === undefined) continue;
    for (const { document } of (await contentsOf({ content }, known, attempt)).documents) {
      if (document.kind === 'index') continue;
      const { config, layers } = document.manifest;
      const diffIds = diffIdsOf(await read(config));
      for (const [at, layer] of layers.entries()) {
        const diffId = diffIds[at];
        if (diffId !== undefined && diffIds.length === layers.length) packed.set(diffId, layer);
      }
    }
  }
  return packed;
}

/** None where the bytes are no image's configuration. */
function diffIdsOf(bytes: Buffer | undefined): readonly Digest[] {
  if (bytes === undefined) return [];
  try {
    return parseConfig(bytes).rootfs.diff_ids;
  } catch (thrown) {
    if (isKind(thrown, 'invalid')) return [];
    throw thrown;
  }
}
