// Paths inside a root folder, so that no link leads out of it.
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { invalid } from '#shared/errors.ts';

const mostLinks = 255;

/**
 * The host path of `path` as a process inside would see it: every link is followed within `root`. With
 * `keepLast`, a link at the very end stays a link. Parts that do not exist are taken as they are written.
 */
export function pathInRoot(root: string, path: string, options: { keepLast?: boolean } = {}): string {
  if (path.includes('\0')) throw invalid('a path cannot have a null byte in it');
  const todo = path.split('/').filter((part) => part !== '' && part !== '.');
  const done: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const part = todo.shift() ?? '';
    if (part === '..') {
      done.pop();
      continue;
    }
    done.push(part);
    if (todo.length === 0 && options.keepLast === true) break;
    const target = linkAt(join(root, ...done));
    if (target === undefined) continue;
    if (++links > mostLinks) throw invalid(`too many levels of symbolic links: ${path}`);
    if (target.startsWith('/')) done.length = 0;
    else done.pop();
    todo.unshift(...target.split('/').filter((piece) => piece !== '' && piece !== '.'));
  }
  // With the slash, since the root itself may be a link: /proc/PID/root.
  return `${root}/${done.join('/')}`;
}

function linkAt(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}
