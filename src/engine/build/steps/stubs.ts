// Places that a box mounts something at: there for the RUN step, and not left behind in its layer.
import { mkdirSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';

const folders = ['dev', 'etc', 'proc', 'sys'];
const files = ['etc/hosts', 'etc/resolv.conf'];

/** Makes the folder that lies under every RUN step as its lowest layer, so that no place need be made. */
export function ensureStubs(dir: string): string {
  for (const folder of folders) mkdirSync(join(dir, folder), { recursive: true, mode: 0o755 });
  for (const file of files) writeFileSync(join(dir, file), '', { mode: 0o644 });
  for (const folder of ['', ...folders]) utimesSync(join(dir, folder), 0, 0);
  return dir;
}

/**
 * What the box will have to make because a link leads to where nothing is: paths below the upper folder, the deepest
 * first, with the time of the folder they are in.
 */
export function missingPlaces(root: string): string[] {
  const missing: string[] = [];
  for (const file of files) {
    let path = resolveInRoot(root, file);
    while (path !== root && lookAt(path) === undefined) {
      missing.push(path.slice(root.length));
      path = dirname(path);
    }
  }
  return missing;
}

/** Takes away from an upper folder what the box made at those places, if nothing else was put there. */
export function dropPlaces(upper: string, places: readonly string[]): void {
  for (const place of places) {
    const path = join(upper, place);
    const stats = lookAt(path);
    if (stats?.isFile() && stats.size === 0) rmSync(path);
    else if (stats?.isDirectory()) dropEmpty(path);
  }
}

function dropEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // The step put something there: it stays.
  }
}
