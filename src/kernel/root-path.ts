// Paths inside a root folder, so that no link leads out of it.
import { closeSync, constants, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '#shared/errors.ts';

const mostLinks = 255;

/** Where the link at `path` leads, or undefined where there is none. */
export type LinkAt = (path: string) => string | undefined;

export interface FollowOptions {
  /** A link at the very end stays one. */
  keepLast?: boolean;
}

/**
 * `path` with every link followed within the root that `linkAt` looks into, without a slash at its ends; links and `..`
 * stop at the top. Parts that do not exist are taken as they are written. Throws `invalid` for links without end.
 */
export function followLinks(path: string, linkAt: LinkAt, options: FollowOptions = {}): string {
  if (path.includes('\0')) throw invalid('a path cannot have a null byte in it');
  const todo = stepsOf(path);
  const done: string[] = [];
  let links = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '..') {
      done.pop();
      continue;
    }
    done.push(part);
    if (todo.length === 0 && options.keepLast === true) break;
    const target = linkAt(done.join('/'));
    if (target === undefined) continue;
    links += 1;
    if (links > mostLinks) throw invalid(`too many levels of symbolic links: ${path}`);
    if (target.startsWith('/')) done.length = 0;
    else done.pop();
    todo.push(...stepsOf(target));
  }
  return done.join('/');
}

/** The parts that lead anywhere, the first one last. */
const stepsOf = (path: string): string[] =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .reverse();

/** The host path of `path` as a process inside `root` would see it. */
export function pathInRoot(root: string, path: string, options: FollowOptions = {}): string {
  // With the slash, since the root itself may be a link: /proc/PID/root.
  return `${root}/${followLinks(path, (at) => linkOn(join(root, at)), options)}`;
}

const pathOnly = 0o10000000;

/**
 * A descriptor (O_PATH) of what is at `path` inside `root`, the caller's to close. Whoever writes there may exchange a
 * folder for a link at any moment: what was opened is looked at, and `invalid` thrown where it is another place.
 */
export function openInRoot(root: string, path: string): number {
  const whole = realpathSync(root);
  const place = path === '' ? whole : pathInRoot(whole === '/' ? '' : whole, path).replace(/\/$/, '') || '/';
  const descriptor = openSync(place, constants.O_NOFOLLOW | pathOnly);
  if (readlinkSync(`/proc/self/fd/${descriptor}`) === place) return descriptor;
  closeSync(descriptor);
  throw invalid(`${path} changed while it was opened`);
}

function linkOn(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}
