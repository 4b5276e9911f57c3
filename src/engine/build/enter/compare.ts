// What is different between the files of two steps: `wharf build diff @3..@7`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isOpaque } from '#kernel/overlay.ts';
import type { FileDifference } from '#shared/contract/build.ts';
import { breather } from '../tree/breathe.ts';
import { digestOfFile } from '../tree/digest.ts';
import { lookAt } from '../tree/in-root.ts';
import { stackFiles } from '../tree/stack-files.ts';
import type { EntryStats, TreeFiles } from '../tree/tree-files.ts';
import { kindOf } from './list-files.ts';

interface Sides {
  from: TreeFiles;
  to: TreeFiles;
  breathe: () => Promise<void> | undefined;
  found: FileDifference[];
}

/**
 * Ordered by path; below a deleted directory nothing is named. Only what is in layers that the two do not share is
 * looked at. Times do not count.
 */
export async function compareFiles(
  from: readonly string[],
  to: readonly string[],
): Promise<FileDifference[]> {
  const own = [...from.filter((dir) => !to.includes(dir)), ...to.filter((dir) => !from.includes(dir))];
  const sides: Sides = { from: stackFiles(from), to: stackFiles(to), breathe: breather(), found: [] };
  await compareIn(sides, '', own);
  return sides.found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `dirs`: where that directory is in layers that only one side has. */
async function compareIn(sides: Sides, path: string, dirs: readonly string[]): Promise<void> {
  const names = new Set(dirs.flatMap((dir) => readdirSync(dir)));
  // An opaque directory hides what is in no layer of its own side.
  if (dirs.some(isOpaque)) {
    for (const files of [sides.from, sides.to]) {
      if (files.look(path)?.isDirectory()) for (const name of files.list(path)) names.add(name);
    }
  }
  for (const name of names) {
    await sides.breathe();
    const below = path === '' ? name : `${path}/${name}`;
    const [was, is] = [sides.from.look(below), sides.to.look(below)];
    const change = await changeOf(sides, below, { was, is });
    if (change !== undefined) {
      const { size } = is ?? was ?? { size: 0 };
      const isFile = (is ?? was)?.isFile() ?? false;
      sides.found.push({ path: `/${below}`, kind: change, sizeBytes: isFile ? size : 0 });
    }
    if (is?.isDirectory() !== true) continue;
    const inside = was?.isDirectory() === true ? placesOf(dirs, name) : undefined;
    if (inside === undefined) addAll(sides, below);
    else await compareIn(sides, below, inside);
  }
}

const placesOf = (dirs: readonly string[], name: string): string[] =>
  dirs.map((dir) => join(dir, name)).filter((dir) => lookAt(dir)?.isDirectory() === true);

/** A new directory: all below it is new as well. */
function addAll({ to, found }: Sides, top: string): void {
  const pending = [top];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const name of to.list(dir)) {
      const path = `${dir}/${name}`;
      const stats = to.look(path);
      if (stats === undefined) continue;
      found.push({ path: `/${path}`, kind: 'added', sizeBytes: stats.isFile() ? stats.size : 0 });
      if (stats.isDirectory()) pending.push(path);
    }
  }
}

async function changeOf(
  sides: Sides,
  path: string,
  { was, is }: { was: EntryStats | undefined; is: EntryStats | undefined },
): Promise<FileDifference['kind'] | undefined> {
  if (was === undefined) return is === undefined ? undefined : 'added';
  if (is === undefined) return 'deleted';
  return (await isSame(sides, path, { was, is })) ? undefined : 'changed';
}

async function isSame(
  { from, to }: Sides,
  path: string,
  { was, is }: { was: EntryStats; is: EntryStats },
): Promise<boolean> {
  if (was.ino === is.ino && was.dev === is.dev) return true;
  if (was.mode !== is.mode || was.uid !== is.uid || was.gid !== is.gid || was.rdev !== is.rdev) return false;
  const kind = kindOf(is);
  if (kind === 'link') return from.readLink(path) === to.readLink(path);
  if (kind !== 'file') return true;
  if (was.size !== is.size) return false;
  return (await digestOfFile(from.content(path), was)) === (await digestOfFile(to.content(path), is));
}
