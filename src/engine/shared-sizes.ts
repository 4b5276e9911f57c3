// How many bytes of an image's layers other images have, too.
import type { ImageRecord } from '#engine/images/record.ts';

/** Bytes by image ID. A layer is shared only with all that lies below it. */
export function sharedSizesOf(images: readonly ImageRecord[]): Map<string, number> {
  const users = new Map<string, number>();
  for (const image of images)
    for (const chain of chainsOf(image)) users.set(chain, (users.get(chain) ?? 0) + 1);
  return new Map(
    images.map((image) => {
      const chains = chainsOf(image);
      const shared = image.layers.filter((_, at) => (users.get(chains[at] ?? '') ?? 0) > 1);
      return [image.id, shared.reduce((sum, { size }) => sum + size, 0)];
    }),
  );
}

function chainsOf(image: ImageRecord): string[] {
  let chain = '';
  return image.layers.map(({ diffId }) => (chain += diffId));
}
