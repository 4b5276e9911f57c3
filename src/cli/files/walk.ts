// Looks through local folders: what of them goes along. Apart from the packing, which loads much that few commands need.
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** `name` is the path inside the tar, without a leading slash. */
export interface PackedFile {
  name: string;
  path: string;
}

export interface Walk {
  /** Whether the file goes along. Paths are relative, with `/`. */
  keeps: (path: string) => boolean;
  /** Whether something below a directory that does not go along may still do so. */
  mayHoldKept: (path: string) => boolean;
}

export const everything: Walk = { keeps: () => true, mayHoldKept: () => true };

/** What lies below a directory, names sorted, each directory before what it holds. */
export function* walkFiles(root: string, walk: Walk = everything, under = ''): Generator<PackedFile> {
  const entries: Dirent[] = readdirSync(join(root, under), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = under === '' ? entry.name : `${under}/${entry.name}`;
    const kept = walk.keeps(name);
    if (kept) yield { name, path: join(root, name) };
    if (entry.isDirectory() && (kept || walk.mayHoldKept(name))) yield* walkFiles(root, walk, name);
  }
}

/** What a path is, or undefined where nothing is. */
export function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
