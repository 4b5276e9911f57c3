// Unpacks a tar that a container gave into local folders: nothing may land outside of them.
import {
  chmodSync,
  createWriteStream,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { invalid } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

export interface UnpackOptions {
  /** An existing directory; everything lands in it. */
  root: string;
  /** The place of an entry below the root; undefined leaves it out. */
  place: (name: string) => string | undefined;
  /** Set owner and group too. */
  owners: boolean;
}

/** Resolves to the bytes of the files. */
export async function unpackTar(tar: Readable, options: UnpackOptions): Promise<number> {
  const root = realpathSync(options.root);
  const reader = extract();
  tar.on('error', (thrown) => reader.destroy(thrown));
  tar.pipe(reader);
  let bytes = 0;
  for await (const entry of reader) {
    const { header } = entry;
    const place = options.place(posix.normalize(`/${header.name}`).slice(1).replace(/\/$/, ''));
    if (place === undefined) {
      entry.resume();
      continue;
    }
    const path = join(root, place);
    checkInside(root, path);
    await write(header, path, { root, place: options.place, entry: entry as unknown as Readable });
    bytes += header.type === 'file' ? (header.size ?? 0) : 0;
    if (options.owners) lchownSync(path, header.uid ?? 0, header.gid ?? 0);
    if (header.type !== 'symlink' && header.type !== 'link') chmodSync(path, (header.mode ?? 0o644) & 0o7777);
    if (header.mtime && header.type !== 'directory') lutimesSync(path, header.mtime, header.mtime);
  }
  return bytes;
}

/** A link that an earlier entry made must not lead the later ones out. */
function checkInside(root: string, path: string): void {
  const parent = dirname(path);
  if (path === root) return;
  makeFolders(mkdirSync, parent);
  const real = realpathSync(parent);
  if (real !== root && !real.startsWith(`${root === '/' ? '' : root}/`))
    throw invalid(`refusing to write outside of ${root}: ${path}`);
}

async function write(
  header: Header,
  path: string,
  how: { root: string; place: UnpackOptions['place']; entry: Readable },
): Promise<void> {
  const { entry } = how;
  if (header.type === 'file' || header.type === 'contiguous-file') {
    rmSync(path, { force: true });
    await pipeline(entry, createWriteStream(path, { flags: 'wx' }));
    return;
  }
  entry.resume();
  if (header.type === 'directory') makeFolders(mkdirSync, path);
  else if (header.type === 'symlink') {
    rmSync(path, { force: true });
    symlinkSync(header.linkname ?? '', path);
  } else if (header.type === 'link') {
    const target = how.place(posix.normalize(`/${header.linkname ?? ''}`).slice(1));
    if (target === undefined) return;
    const from = join(how.root, target);
    checkInside(how.root, from);
    rmSync(path, { force: true });
    linkSync(from, path);
  }
}
