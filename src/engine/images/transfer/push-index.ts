// Push of an index: whole where all of it is here, else one platform's manifest of it.
import type { Digest } from '#shared/oci/digest.ts';
import { shortOf } from '#shared/oci/digest.ts';
import type { Reference } from '#shared/oci/reference.ts';
import { type Descriptor, mediaTypes, type Platform } from '#shared/oci/specs.ts';
import type { Attempt } from '../garbage.ts';
import type { ImageRecord, StoredIndex } from '../record.ts';
import type { ImageRoom } from '../room.ts';
import { blobsOf, type IndexContents, type IndexDocument, mediaTypeOf, readIndex } from './index-contents.ts';
import { type UploadTurn, uploadFile } from './upload.ts';

/** The documents to push, the one that gets the tag last, and the blobs they name. */
export interface PushPlan {
  documents: IndexDocument[];
  blobs: Descriptor[];
}

/** What is here of the index that the name stands for; undefined where it stands for a manifest. All of it is held. */
export async function indexHere(
  room: ImageRoom,
  { ref, image, attempt }: { ref: Reference; image: ImageRecord; attempt: Attempt },
): Promise<IndexContents | undefined> {
  const digest = room.store.indexOfName(ref);
  const known = image.indexes?.find((one) => one.digest === digest);
  return known === undefined ? undefined : await contentsOf(room, known, attempt);
}

/** What is here of an index. All of it is held. */
export async function contentsOf(
  room: Pick<ImageRoom, 'content'>,
  { digest, blobs }: StoredIndex,
  attempt: Attempt,
): Promise<IndexContents> {
  for (const blob of blobs) attempt.hold('blob', blob);
  const top: Descriptor = { mediaType: mediaTypes.ociIndex, digest, size: 0 };
  return await readIndex(top, async (one) =>
    room.content.has(one.digest) ? await room.content.read(one.digest) : undefined,
  );
}

/** The whole index; undefined where a manifest or a blob of it is not here. */
export function wholeIndex(
  room: ImageRoom,
  { documents, blobs, missing }: IndexContents,
): PushPlan | undefined {
  const isWhole = missing.length === 0 && blobs.every(({ digest }) => room.content.has(digest));
  return isWhole ? { documents, blobs } : undefined;
}

/** The manifest for exactly this platform; undefined where it, or a blob of it, is not here. */
export function manifestForPlatform(
  room: ImageRoom,
  { documents }: IndexContents,
  platform: Platform,
): PushPlan | undefined {
  for (const one of documents) {
    const offered = one.descriptor.platform;
    if (one.document.kind !== 'manifest' || offered === undefined || !isSame(offered, platform)) continue;
    const blobs = blobsOf(one.document);
    if (blobs.every(({ digest }) => room.content.has(digest))) return { documents: [one], blobs };
  }
  return undefined;
}

/** True where both say the same; a variant that one of them does not tell is any. */
export function isSame(offered: Platform, wanted: Platform): boolean {
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return false;
  return !wanted.variant || !offered.variant || offered.variant === wanted.variant;
}

/** Afterwards the registry has it all; what the tag names comes last. Gives the digest and size of that. */
export async function pushPlan(
  room: ImageRoom,
  turn: UploadTurn,
  { documents, blobs }: PushPlan,
): Promise<{ digest: Digest; size: number }> {
  const { ref, auth, signal, progress } = turn;
  for (const { digest } of blobs) progress.step(shortOf(digest), 'Preparing');
  await Promise.all(
    blobs.map(({ digest }) =>
      room.uploads.run(() => {
        const descriptor = { digest, size: room.content.size(digest) };
        return uploadFile(room, turn, { descriptor, path: room.content.path(digest), id: shortOf(digest) });
      }),
    ),
  );
  let last: { digest: Digest; size: number } | undefined;
  for (const [at, one] of documents.entries()) {
    const { digest } = one.descriptor;
    const target = at === documents.length - 1 ? (ref.tag ?? 'latest') : digest;
    const manifest = { target, mediaType: mediaTypeOf(one), bytes: one.bytes };
    await room.registry.putManifest(ref, manifest, { auth, signal });
    last = { digest, size: one.bytes.length };
  }
  if (last === undefined) throw new Error('a push plan names no document');
  return last;
}
