// Gives an image another name.
import { invalid } from '#shared/errors.ts';
import { familiarReference, parseReference } from '#shared/oci/reference.ts';
import type { ImageRecord } from './record.ts';
import type { ImageRoom } from './room.ts';
import { dropUnnamedIndexes } from './unnamed-indexes.ts';

/** Afterwards `newName` means the image; another that had it keeps its layers, and loses the name. */
export function tagImage(room: ImageRoom, name: string, newName: string): void {
  const image = room.store.resolve(name);
  const reference = parseReference(newName);
  if (reference.digest !== undefined) throw invalid('refusing to create a tag with a digest reference');
  const before = room.store.setName(reference, image.id, room.store.indexOf(name));
  if (before !== undefined) dropUnnamedIndexes(room, before);
  announce(room, 'tag', image, familiarReference(reference));
}

/** Tells of something that happened to an image; `name` is how it was called then. */
export function announce(
  room: Pick<ImageRoom, 'events'>,
  action: string,
  image: ImageRecord,
  name: string,
): void {
  room.events.emit('image', action, image.id, { ...image.config.config?.Labels, name });
}
