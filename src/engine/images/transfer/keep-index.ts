// What a pull keeps of an index: its document, and every platform of it where that was asked for.
import type { RegistryAuth } from '#registry/auth.ts';
import type { FetchedManifest } from '#registry/manifests.ts';
import type { ResolvedImage } from '#registry/registry.ts';
import { unsupported } from '#shared/errors.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { familiarReference, type Reference } from '#shared/oci/reference.ts';
import type { Descriptor } from '#shared/oci/specs.ts';
import type { Attempt } from '../garbage.ts';
import type { StoredIndex } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import type { BlobFetcher } from './blobs.ts';
import { readIndex } from './index-contents.ts';
import type { Progress } from './progress.ts';

export interface IndexKeeping {
  ref: Reference;
  image: ResolvedImage;
  allPlatforms: boolean;
  auth: RegistryAuth | undefined;
  signal: AbortSignal;
  attempt: Attempt;
  progress: Progress;
  fetcher: BlobFetcher;
}

/** Afterwards the store has what the answer names, held by the attempt; undefined where the image came by no index. */
export async function keepIndex(room: ImageRoom, keeping: IndexKeeping): Promise<StoredIndex | undefined> {
  const { image, attempt, allPlatforms } = keeping;
  if (image.index === undefined) return undefined;
  const { digest } = image.index.descriptor;
  attempt.hold('blob', digest);
  await room.content.put(image.index.bytes);
  const blobs = allPlatforms ? await fetchAll(room, keeping, image.index) : [digest, image.descriptor.digest];
  return { digest, blobs };
}

async function fetchAll(
  room: ImageRoom,
  keeping: IndexKeeping,
  index: FetchedManifest,
): Promise<StoredIndex['blobs']> {
  const { ref, auth, signal, attempt } = keeping;
  const { tag: _, ...repository } = ref;
  const contents = await readIndex(index.descriptor, async ({ digest }) => {
    attempt.hold('blob', digest);
    if (room.content.has(digest)) return await room.content.read(digest);
    const { bytes } = await room.registry.manifest({ ...repository, digest }, { auth, signal });
    await room.content.put(bytes);
    return bytes;
  });
  const [missing] = contents.missing;
  if (missing !== undefined) {
    throw unsupported(
      `manifest ${missing.digest} of ${familiarReference(ref)} cannot be kept: ${missing.reason}`,
    );
  }
  await fetchBlobs(room, keeping, contents.blobs);
  return [...contents.documents.map((one) => one.descriptor), ...contents.blobs].map(({ digest }) => digest);
}

/** Every one of them; the first failure stops the others, and all have ended before this returns. */
async function fetchBlobs(
  room: ImageRoom,
  keeping: IndexKeeping,
  blobs: readonly Descriptor[],
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([keeping.signal, stop.signal]);
  await Promise.allSettled(
    blobs.map((blob) => fetchBlob(room, { ...keeping, signal }, blob).catch((thrown) => stop.abort(thrown))),
  );
  signal.throwIfAborted();
}

async function fetchBlob(room: ImageRoom, keeping: IndexKeeping, descriptor: Descriptor): Promise<void> {
  const { ref, auth, signal, attempt, progress, fetcher } = keeping;
  const id = shortOf(descriptor.digest);
  attempt.hold('blob', descriptor.digest);
  if (room.content.has(descriptor.digest)) return;
  progress.step(id, 'Pulling fs layer');
  await room.downloads.run(async () => {
    signal.throwIfAborted();
    await fetcher.fetch({
      ref,
      descriptor,
      auth,
      signal,
      onBytes: (current) => progress.counted(id, 'Downloading', { current, total: descriptor.size }),
      onReceived: () => progress.step(id, 'Verifying Checksum'),
    });
  });
  progress.step(id, 'Download complete');
}
