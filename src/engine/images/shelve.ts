// Shelving: names and images that are removed but can come back. Layers and blobs stay, held by whoever keeps them.
import type { ImageDeleteEntry } from '#shared/contract/image.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { parseReference } from '#shared/oci/reference.ts';
import { collect } from './garbage.ts';
import { type ImageRecord, type StoredImage, subjectsOf } from './record.ts';
import { type RemoveOptions, removeImage } from './remove.ts';
import type { ImageRoom } from './room.ts';
import type { ImageName } from './store.ts';
import { announce } from './tag.ts';
import { restoreIndex } from './unnamed-indexes.ts';

export interface ShelvedImages {
  images: StoredImage[];
  /** Full names, and what they named. */
  names: { full: string; imageId: StoredImage['id']; index?: Digest; indexBlobs?: readonly Digest[] }[];
}

/** Where the things are kept: `put` makes them durable and holds `subjects`, and may come again; `drop` forgets them. */
export interface ImageShelf {
  put(shelved: ShelvedImages, subjects: readonly string[]): void;
  drop(): void;
}

/** As `removeImage`, with what went on the shelf. Where it throws nothing is there. */
export async function shelveImage(
  room: ImageRoom,
  name: string,
  { shelf, ...options }: RemoveOptions & { shelf: ImageShelf },
): Promise<ImageDeleteEntry[]> {
  const concerned = familyOf(room, room.store.resolve(name));
  const before: ShelvedImages = {
    images: concerned.map(({ tags: _, repoDigests: __, ...stored }) => stored),
    names: concerned.flatMap(({ id }) => room.store.namesOf(id).map((name) => shelvedName(room, id, name))),
  };
  shelf.put(before, [...new Set(before.images.flatMap(subjectsOf))]);
  try {
    const { entries } = await removeImage(room, name, options);
    const gone = goneOf(room, before);
    if (gone === undefined) shelf.drop();
    else shelf.put(gone, []);
    return entries;
  } catch (thrown) {
    shelf.drop();
    throw thrown;
  }
}

function shelvedName(
  { store }: ImageRoom,
  imageId: Digest,
  { full, reference }: ImageName,
): ShelvedImages['names'][number] {
  const index = store.indexOfName(reference);
  if (index === undefined) return { full, imageId };
  const known = store.find(imageId)?.indexes?.find(({ digest }) => digest === index);
  return { full, imageId, index, ...(known === undefined ? {} : { indexBlobs: known.blobs }) };
}

/** What of it is not here any more; undefined where all of it is. Also how a shelf is made sound after a crash. */
export function goneOf(
  { store }: Pick<ImageRoom, 'store'>,
  { images, names }: ShelvedImages,
): ShelvedImages | undefined {
  const gone = {
    images: images.filter(({ id }) => store.find(id) === undefined),
    names: names.filter(({ full, imageId }) => store.idOfName(parseReference(full)) !== imageId),
  };
  return gone.images.length + gone.names.length === 0 ? undefined : gone;
}

/** The image, and those that may go with it. */
function familyOf({ store }: ImageRoom, image: ImageRecord): ImageRecord[] {
  const family = [image];
  for (let at = image.parent; at !== undefined; ) {
    const parent = store.find(at);
    if (parent === undefined || parent.tags.length > 0) break;
    family.push(parent);
    at = parent.parent;
  }
  return family;
}

/** Images and names are back; `forget` joins the transaction. Gives the names that have a new owner, and stay with it. */
export function unshelveImages(room: ImageRoom, shelved: ShelvedImages, forget: () => void): string[] {
  const taken: string[] = [];
  room.state.transaction(() => {
    for (const stored of shelved.images) {
      if (room.store.find(stored.id) !== undefined) continue;
      for (const subject of subjectsOf(stored)) room.leases.hold(subject, `image:${stored.id}`);
      room.store.put(stored);
    }
    for (const { full, imageId, index, indexBlobs } of shelved.names) {
      const reference = parseReference(full);
      if (room.store.find(imageId) === undefined) continue;
      if (room.store.idOfName(reference) !== undefined) {
        taken.push(full);
        continue;
      }
      room.store.setName(reference, imageId, index);
      if (index !== undefined && indexBlobs !== undefined)
        restoreIndex(room, imageId, { digest: index, blobs: [...indexBlobs] });
    }
    forget();
  });
  for (const { full, imageId } of shelved.names) {
    const image = room.store.find(imageId);
    if (image !== undefined && !taken.includes(full)) announce(room, 'tag', image, full);
  }
  return taken;
}

/** Removes what nobody holds of these subjects; gives the bytes. */
export async function discardSubjects(room: ImageRoom, subjects: readonly string[]): Promise<number> {
  return (await collect(room, subjects)).freedBytes;
}
