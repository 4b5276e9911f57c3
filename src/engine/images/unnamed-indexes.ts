// Indexes that no name of their image means any more: what only they kept goes, as Docker's own store has it.
import type { Digest } from '#shared/oci/digest.ts';
import { collectBlobs } from './garbage.ts';
import { type ImageRecord, type StoredImage, type StoredIndex, subjectsOf } from './record.ts';
import type { ImageRoom } from './room.ts';

/**
 * Call it after a name of the image has gone or means something else. An image without any name keeps its indexes, and
 * goes with them. Gives the bytes that are free now.
 */
export function dropUnnamedIndexes(room: ImageRoom, id: Digest): number {
  const image = room.store.find(id);
  if (image?.indexes === undefined) return 0;
  const names = room.store.namesOf(id);
  const meant = new Set(names.map(({ reference }) => room.store.indexOfName(reference)));
  const kept = image.indexes.filter(({ digest }) => meant.has(digest));
  if (names.length === 0 || kept.length === image.indexes.length) return 0;
  return collectBlobs(room, withIndexes(room, image, kept));
}

/** The image has the index again, whose blobs are there. Safe to repeat. */
export function restoreIndex(room: ImageRoom, id: Digest, index: StoredIndex): void {
  const image = room.store.find(id);
  if (image === undefined || image.indexes?.some(({ digest }) => digest === index.digest)) return;
  withIndexes(room, image, [...(image.indexes ?? []), index]);
}

/** Gives the subjects that the image holds no more. */
function withIndexes(room: ImageRoom, image: ImageRecord, indexes: readonly StoredIndex[]): string[] {
  const { tags: _, repoDigests: __, indexes: ___, ...rest } = image;
  const stored: StoredImage = { ...rest, ...(indexes.length === 0 ? {} : { indexes: [...indexes] }) };
  const needed = subjectsOf(stored);
  const left = subjectsOf(image).filter((subject) => !needed.includes(subject));
  room.state.transaction(() => {
    for (const subject of needed) room.leases.hold(subject, `image:${image.id}`);
    for (const subject of left) room.leases.release(`image:${image.id}`, subject);
    room.store.put(stored);
  });
  return left;
}
