// mkdir -p that always ends. Node's own never does where the parent is there and the kernel still says ENOENT: in /proc,
// below a folder that was removed while it is open, on an overlay whose folders were taken away.
import { codeOf } from './errors.ts';

/** `mkdirSync` of node:fs, or what stands for it: throws with a `code`. */
type MakeFolder = (path: string, options: { mode?: number }) => unknown;

/** Afterwards `path` is a folder, with its parents; those that were made have the mode. Throws what the file system says. */
export function makeFolders(make: MakeFolder, path: string, mode?: number): void {
  const options = mode === undefined ? {} : { mode };
  const missing: string[] = [];
  let next = trimmed(path);
  while (!madeOrThere(make, next, options)) {
    missing.push(next);
    next = parentOf(next);
  }
  for (const each of missing.reverse()) {
    if (!madeOrThere(make, each, options)) throw leadsNowhere(each);
  }
}

/** False where its parent is missing, as far as the kernel says. */
function madeOrThere(make: MakeFolder, path: string, options: { mode?: number }): boolean {
  try {
    make(path, options);
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' && parentOf(path) !== path) return false;
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
    const what = whatIs(make, path);
    if (what === 'nothing') throw leadsNowhere(path);
    if (what === 'other') throw thrown;
    return true;
  }
}

/** What a name that is there leads to: mkdir(2) of `x/.` says EEXIST only of a folder, ENOENT of a link to nowhere. */
function whatIs(make: MakeFolder, path: string): 'folder' | 'nothing' | 'other' {
  try {
    make(`${path}/.`, {});
    return 'other';
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return 'folder';
    return codeOf(thrown) === 'ENOENT' ? 'nothing' : 'other';
  }
}

const leadsNowhere = (path: string): Error =>
  Object.assign(new Error(`ENOENT: no such file or directory, mkdir '${path}'`), {
    code: 'ENOENT',
    syscall: 'mkdir',
    path,
  });

const trimmed = (path: string): string => path.replace(/(?<=.)\/+$/, '');

function parentOf(path: string): string {
  const end = path.lastIndexOf('/');
  if (end === -1) return '.';
  return trimmed(path.slice(0, end + 1));
}
