// Places that every box mounts something at, where the image has a link in their stead: not left behind in a layer.
import { rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';

const files = ['etc/hosts', 'etc/resolv.conf'];

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
