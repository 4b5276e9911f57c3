// What lies at a path of a step's files: `wharf build ls @7:/app`.
import type { ListedFile } from '#shared/contract/build.ts';
import { notFound } from '#shared/errors.ts';
import { cleanParts } from '../tree/in-root.ts';
import { stackFiles } from '../tree/stack-files.ts';
import { type EntryStats, resolveIn, type TreeFiles } from '../tree/tree-files.ts';

/** The entries of the directory (every link followed), or the one file. Throws `not-found`. */
export function listFiles(lowers: readonly string[], path: string): ListedFile[] {
  const files = stackFiles(lowers);
  const real = resolveIn(files, cleanParts(path).join('/'));
  const stats = files.look(real);
  if (stats === undefined) throw notFound(`${path}: no such file or directory`);
  if (!stats.isDirectory()) return [listed(files, real, stats)];
  return files.list(real).flatMap((name) => {
    const below = real === '' ? name : `${real}/${name}`;
    const found = files.look(below);
    return found === undefined ? [] : [listed(files, below, found)];
  });
}

function listed(files: TreeFiles, path: string, stats: EntryStats): ListedFile {
  return {
    name: path.slice(path.lastIndexOf('/') + 1),
    kind: kindOf(stats),
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    sizeBytes: stats.isFile() ? stats.size : 0,
    modified: new Date(stats.mtimeMs).toISOString(),
    ...(stats.isSymbolicLink() ? { target: files.readLink(path) } : {}),
  };
}

export function kindOf(stats: EntryStats): ListedFile['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'link' : 'other';
}
