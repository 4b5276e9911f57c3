// Paths inside a root file system that nobody else is changing: every link is followed within the root.
import { lstatSync, type Stats } from 'node:fs';
import { type FollowOptions, pathInRoot } from '#kernel/root-path.ts';

/** The parts of a path: no empty ones, no `.`, and no `..` above the top. */
export function cleanParts(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/** lstat, or undefined where nothing is. */
export function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // A file where a directory was expected (ENOTDIR): nothing is there either.
    return undefined;
  }
}

/** `pathInRoot`, without a slash at its end. */
export function resolveInRoot(root: string, path: string, options: FollowOptions = {}): string {
  return pathInRoot(root, path, options).replace(/\/$/, '');
}
