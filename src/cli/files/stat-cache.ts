// What is known of the files of a context from the build before, so that they need not be read again.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '#shared/make-folders.ts';

/** By name: size, times and inode as one text, and the digest of the content. */
export type KnownFiles = Record<string, [marks: string, digest: string]>;

export interface StatCache {
  /** The id of the index, where every file is as it was: where this text is the one that was kept. */
  idOf(signature: string): string | undefined;
  files(): KnownFiles;
  keep(known: { files: KnownFiles; signature?: string; id?: string }): void;
}

const mostContexts = 64;
const idLength = 64;

/** Of the context in `root`, in the folder `dir`. What cannot be read or written is as if it were not there. */
export function openStatCache(dir: string | undefined, root: string): StatCache {
  if (dir === undefined) return { idOf: () => undefined, files: () => ({}), keep: () => undefined };
  const place = join(dir, nameOf(root));
  return {
    idOf: (signature) => {
      const text = read(`${place}.id`) ?? '';
      const id = text.slice(0, idLength);
      return text.slice(idLength + 1) === signature && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
    },
    files: () => parse(read(`${place}.files`) ?? '{}'),
    keep: ({ files, signature, id }) => {
      try {
        makeFolders(mkdirSync, dir, 0o700);
        write(`${place}.files`, JSON.stringify(files));
        if (signature === undefined || id === undefined) rmSync(`${place}.id`, { force: true });
        else write(`${place}.id`, `${id}\n${signature}`);
        forgetOld(dir);
      } catch {
        // Without it the next build reads all files again, no more.
      }
    },
  };
}

/** Two folders may have one name, as what is kept names its folder and its inodes: the later one takes the place. */
function nameOf(root: string): string {
  let [one, other] = [7, 11];
  for (let at = 0; at < root.length; at += 1) {
    one = (Math.imul(one, 31) + root.charCodeAt(at)) | 0;
    other = (Math.imul(other, 37) + root.charCodeAt(at)) | 0;
  }
  return [one, other].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string): KnownFiles {
  try {
    const known: KnownFiles = JSON.parse(text);
    return Object.assign(Object.create(null), known);
  } catch {
    return {};
  }
}

/** Two builds at once must not read half of it. */
function write(path: string, text: string): void {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, text, { mode: 0o600 });
  renameSync(own, path);
}

function forgetOld(dir: string): void {
  const names = readdirSync(dir).filter((name) => name.endsWith('.files'));
  if (names.length <= mostContexts) return;
  const byAge = names.map((name) => ({ name, atMs: statSync(join(dir, name)).mtimeMs }));
  byAge.sort((a, b) => a.atMs - b.atMs);
  for (const { name } of byAge.slice(0, names.length - mostContexts)) {
    rmSync(join(dir, name), { force: true });
    rmSync(join(dir, name.replace(/files$/, 'id')), { force: true });
  }
}
