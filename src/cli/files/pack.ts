// Packs local files into a tar stream: build contexts and `cp`.
import { createReadStream, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Header as FullHeader, type Pack, pack } from 'tar-stream';
import { invalid, messageOf } from '#shared/errors.ts';
import type { PackedFile } from './walk.ts';

export interface PackOptions {
  /** True keeps owner and group; without it everything is root's. */
  owners: boolean;
  /** Files that are not on disk. */
  extra?: { name: string; content: Buffer }[];
}

type Header = Partial<FullHeader> & Pick<FullHeader, 'name'>;

const smallBytes = 512 * 1024;

/** The tar of these files, in their order. A file that cannot be read makes the stream fail with `invalid`. */
export function packFiles(files: Iterable<PackedFile>, options: PackOptions): Readable {
  const tar = pack();
  writeAll(tar, files, options).catch((thrown) =>
    tar.destroy(thrown instanceof Error ? thrown : new Error(String(thrown))),
  );
  // A stream of streamx is a Readable to all that we do with it.
  return tar as unknown as Readable;
}

async function writeAll(tar: Pack, files: Iterable<PackedFile>, options: PackOptions): Promise<void> {
  for (const { name, content } of options.extra ?? [])
    await writeEntry(tar, { name, mode: 0o644, size: content.length }, content);
  for (const file of files) {
    if (tar.destroyed) return;
    try {
      await writeFile(tar, file, options.owners);
    } catch (cause) {
      throw invalid(`can't read ${file.path}: ${messageOf(cause)}`, { cause });
    }
  }
  tar.finalize();
}

async function writeFile(tar: Pack, { name, path }: PackedFile, owners: boolean): Promise<void> {
  const stats = lstatSync(path);
  const header: Header = {
    name,
    mode: stats.mode & 0o7777,
    // Whole seconds: what a tar can say without extensions.
    mtime: new Date(Math.floor(stats.mtimeMs / 1000) * 1000),
    uid: owners ? stats.uid : 0,
    gid: owners ? stats.gid : 0,
  };
  if (stats.isDirectory()) return writeEntry(tar, { ...header, name: `${name}/`, type: 'directory' });
  if (stats.isSymbolicLink())
    return writeEntry(tar, { ...header, type: 'symlink', linkname: readlinkSync(path) });
  if (stats.isFIFO()) return writeEntry(tar, { ...header, type: 'fifo' });
  // Sockets and devices of this machine mean nothing elsewhere.
  if (!stats.isFile()) return;
  if (stats.size <= smallBytes) {
    const content = readFileSync(path);
    return writeEntry(tar, { ...header, size: content.length }, content);
  }
  return streamEntry(tar, { ...header, size: stats.size }, path);
}

function writeEntry(tar: Pack, header: Header, content?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (thrown?: Error | null) => (thrown ? reject(thrown) : resolve());
    if (content === undefined) tar.entry(header, settle);
    else tar.entry(header, content, settle);
  });
}

function streamEntry(tar: Pack, header: Header, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = tar.entry(header, (thrown) => (thrown ? reject(thrown) : resolve()));
    // A file that grows meanwhile is cut at the size that the header says.
    const source = createReadStream(path, {
      end: Math.max(0, (header.size ?? 0) - 1),
      highWaterMark: 1 << 20,
    });
    source.on('error', reject);
    source.pipe(entry);
  });
}
