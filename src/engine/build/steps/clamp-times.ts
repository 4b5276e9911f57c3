// SOURCE_DATE_EPOCH in a layer: nothing in it is younger.
import { lstatSync, lutimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { breather } from '../tree/breathe.ts';

/** Sets every later modification time below `dir` (and its own) to `latest`, in seconds. */
export async function clampTimes(dir: string, latest: number): Promise<void> {
  const breathe = breather();
  const pending = [dir];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stats = lstatSync(path);
    if (stats.mtimeMs / 1000 > latest) lutimesSync(path, latest, latest);
    if (stats.isDirectory()) pending.push(...readdirSync(path).map((name) => join(path, name)));
    await breathe();
  }
}
