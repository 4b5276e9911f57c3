// Where a box mounts something in the stage's files: made before the step, and not left behind in its layer.
import { lutimesSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';

/** A place that was made, and the folder it was made in as it was before and after. */
interface MountPoint {
  path: string;
  parent: string;
  before: number;
  after: number;
}

/** Makes what is missing of each destination (a file where `isFile` says so). */
export function makeMountPoints(
  root: string,
  targets: readonly { destination: string; isFile: boolean }[],
): MountPoint[] {
  const made: MountPoint[] = [];
  const make = (real: string, isFile: boolean): void => {
    if (real === root || lookAt(real) !== undefined) return;
    const parent = dirname(real);
    make(parent, false);
    const before = lookAt(parent)?.mtimeMs ?? 0;
    if (isFile) writeFileSync(real, '', { mode: 0o644 });
    else mkdirSync(real, 0o755);
    const after = lookAt(parent)?.mtimeMs ?? 0;
    made.push({ path: real.slice(root.length), parent: parent.slice(root.length), before, after });
  };
  for (const { destination, isFile } of targets) make(resolveInRoot(root, destination), isFile);
  return made;
}

/** Takes away from an upper folder what was made, if the step put nothing there. */
export function dropMountPoints(upper: string, made: readonly MountPoint[]): void {
  for (const { path, parent, before, after } of [...made].reverse()) {
    const stats = lookAt(join(upper, path));
    const untouched = lookAt(join(upper, parent))?.mtimeMs === after;
    try {
      if (stats?.isFile() && stats.size === 0) rmSync(join(upper, path));
      else if (stats?.isDirectory()) rmdirSync(join(upper, path));
    } catch {
      // The step put something there: it stays.
      continue;
    }
    if (untouched) lutimesSync(join(upper, parent), before / 1000, before / 1000);
  }
}
