// Paths inside a root file system that nobody else is changing: every link is followed within the root.
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '#shared/errors.ts';

const mostLinks = 255;

/** The parts of a path: no empty ones, no `.`, and no `..` above the top. */
export function cleanParts(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/** Absolute and without `.`, `..` and doubled slashes; the root is `/`. */
export function cleanPath(path: string): string {
  return `/${cleanParts(path).join('/')}`;
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

/**
 * Where `path` lies on the host when seen from inside `root`. With `keepLast` a link at the very end stays one.
 * What does not exist is taken as written. Too many links: `invalid`.
 */
export function resolveInRoot(root: string, path: string, options: { keepLast?: boolean } = {}): string {
  const todo = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    done.push(part);
    const last = todo.every((each) => each === '' || each === '.');
    const here = join(root, ...done);
    if ((last && options.keepLast === true) || !lookAt(here)?.isSymbolicLink()) continue;
    links += 1;
    if (links > mostLinks) throw invalid(`too many levels of symbolic links: ${path}`);
    const target = readlinkSync(here);
    if (target.startsWith('/')) done.length = 0;
    else done.pop();
    todo.push(...target.split('/').reverse());
  }
  return join(root, ...done);
}
