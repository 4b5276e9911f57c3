// The files of a stack of layers as one tree, without mounting it.
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isOpaque, isWhiteout } from '#kernel/overlay.ts';
import { lookAt } from './in-root.ts';
import type { TreeFiles } from './tree-files.ts';

/** Where a path of the tree lies: the folders that are one there (topmost first), or a file in one layer. */
interface Spot {
  stats: Stats;
  /** Of the topmost one. */
  real: string;
  /** Empty for what is no folder. */
  folders: string[];
}

/** `lowers` are directories, the topmost first; nobody changes them while the tree is read. */
export function stackFiles(lowers: readonly string[]): TreeFiles {
  const [top = '/'] = lowers;
  const root: Spot = { stats: lstatSync(top), real: top, folders: [...lowers] };
  const spots = new Map<string, Spot | undefined>([['', root]]);
  const find = (path: string): Spot | undefined => {
    if (spots.has(path)) return spots.get(path);
    const slash = path.lastIndexOf('/');
    const parent = find(path.slice(0, Math.max(0, slash)));
    const spot = parent === undefined ? undefined : spotIn(parent.folders, path.slice(slash + 1));
    spots.set(path, spot);
    return spot;
  };
  return {
    look: (path) => find(path)?.stats,
    list: (path) => namesIn(find(path)?.folders ?? []),
    readLink: (path) => readlinkSync(find(path)?.real ?? path),
    content: (path) => find(path)?.real ?? join(top, path),
  };
}

function spotIn(folders: readonly string[], name: string): Spot | undefined {
  let spot: Spot | undefined;
  for (const folder of folders) {
    const real = join(folder, name);
    const stats = lookAt(real);
    if (stats === undefined) continue;
    if (isWhiteout(stats)) break;
    if (!stats.isDirectory()) return spot ?? { stats, real, folders: [] };
    spot ??= { stats, real, folders: [] };
    spot.folders.push(real);
    if (isOpaque(real)) break;
  }
  return spot;
}

/** Sorted; what a higher layer took away is not there. */
function namesIn(folders: readonly string[]): string[] {
  const names = new Map<string, boolean>();
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (names.has(entry.name)) continue;
      const isGone = entry.isCharacterDevice() && isWhiteout(lstatSync(join(folder, entry.name)));
      names.set(entry.name, !isGone);
    }
  }
  return [...names].flatMap(([name, isThere]) => (isThere ? [name] : [])).sort();
}
