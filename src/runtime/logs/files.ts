// The files of one log: the current one and those it was rotated to.
import { statSync } from 'node:fs';

/** `container.log.3`, `.2`, `.1`, `container.log`: oldest first, only those that are there. */
export function logFiles(path: string): string[] {
  const files = sizeOf(path) === undefined ? [] : [path];
  for (let number = 1; sizeOf(`${path}.${number}`) !== undefined; number++)
    files.unshift(`${path}.${number}`);
  return files;
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** Bytes of the log on disk, rotated files included. */
export function logBytes(path: string): number {
  return logFiles(path).reduce((sum, file) => sum + (sizeOf(file) ?? 0), 0);
}

/** The inode of a file, which a rename keeps; undefined where there is no file. */
export function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
