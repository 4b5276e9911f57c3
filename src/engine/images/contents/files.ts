// The files of an image, as a container of it would begin with.
import { factsOf } from '#engine/file-facts.ts';
import type { ImageFile } from '#shared/contract/image.ts';
import { notFound } from '#shared/errors.ts';
import { type MergedFile, mergedTree } from '#storage/snapshots/merged-tree.ts';
import type { ContentsRoom } from './layers.ts';

/** What is at `path` and below it, ordered by path. Throws `not-found`, with Docker's sentence for a missing path. */
export async function listImageFiles(room: ContentsRoom, name: string, path = '/'): Promise<ImageFile[]> {
  const image = room.store.resolve(name);
  const wanted = `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
  const below = wanted === '/' ? '/' : `${wanted}/`;
  const files: ImageFile[] = [];
  for await (const file of filesOf(room, name)) {
    if (file.path === wanted || file.path.startsWith(below)) files.push(described(file, image.layers.length));
  }
  if (files.length === 0 && wanted !== '/') {
    throw notFound(`Could not find the file ${path} in image ${name}`);
  }
  return files;
}

/** Every file of the image, ordered by path. */
export async function* filesOf({ store, snapshots }: ContentsRoom, name: string): AsyncGenerator<MergedFile> {
  const { chainId } = store.resolve(name);
  if (chainId !== null) yield* mergedTree(snapshots.lowersOf(chainId));
}

function described({ path, stat, layer, linkTarget }: MergedFile, layers: number): ImageFile {
  return { Path: path, ...factsOf(stat, linkTarget), Layer: layers - layer };
}
