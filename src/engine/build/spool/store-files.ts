// Files of a context that come by content: each is verified, and lies under its digest afterwards.
import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  futimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EngineError, invalid } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { paddingOf, type TarEntry } from '#storage/archive/tar/entry.ts';
import { readEntries } from '#storage/archive/tar/reader.ts';
import { type ByteSource, maxTakeBytes } from '#storage/archive/tar/source.ts';

/**
 * Each entry of the tar is a file named by the hex sha256 of what it holds; it becomes `DIR/xx/DIGEST`, with the mode
 * and time of the entry. Throws `invalid` where the content is another one.
 */
export function storeEntries(source: ByteSource, places: { dir: string; incoming: string }): void {
  const made = new Set<string>();
  for (const entry of readEntries(source)) {
    const { name } = entry;
    if (entry.type !== 'file' || entry.runs !== undefined || !/^[0-9a-f]{64}$/.test(name))
      throw invalid(`${JSON.stringify(name)} is no file of a build context`);
    const folder = join(places.dir, name.slice(0, 2));
    if (!made.has(folder)) makeFolders(mkdirSync, folder, 0o700);
    made.add(folder);
    const path = join(places.incoming, name);
    try {
      const digest = write(path, entry, source);
      if (digest !== name) throw invalid(`a file of the build context changed while it was sent: ${name}`);
      renameSync(path, join(folder, name));
    } catch (thrown) {
      rmSync(path, { force: true });
      throw thrown;
    }
    source.each(paddingOf(entry.size));
  }
}

function write(path: string, entry: TarEntry, source: ByteSource): string {
  rmSync(path, { force: true });
  const fd = openSync(path, 'wx', 0o600);
  try {
    const digest = takeInto(fd, entry, source);
    fchmodSync(fd, entry.mode & 0o7777);
    futimesSync(fd, entry.mtime, entry.mtime);
    return digest;
  } finally {
    closeSync(fd);
  }
}

function takeInto(fd: number, { size }: TarEntry, source: ByteSource): string {
  if (size <= maxTakeBytes) {
    const bytes = size === 0 ? Buffer.alloc(0) : source.take(size);
    if (bytes === undefined) throw new EngineError('invalid', 'archive is truncated: unexpected end of data');
    writeAll(fd, bytes);
    return hash('sha256', bytes);
  }
  const sum = createHash('sha256');
  source.each(size, (piece) => {
    sum.update(piece);
    writeAll(fd, piece);
  });
  return sum.digest('hex');
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
