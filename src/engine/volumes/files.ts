// The files of a volume: listed, read, packed and filled, without leaving it.
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { factsOf } from '#engine/file-facts.ts';
import { pathInRoot } from '#kernel/root-path.ts';
import type { VolumeFile, VolumeListing } from '#shared/contract/volume.ts';
import { conflict, invalid, notFound } from '#shared/errors.ts';
import { cleanPath } from '#shared/notation/mount.ts';
import { extractTree, packTree } from '#storage/archive/archive.ts';
import { createFilled } from './create.ts';
import { dataOf } from './inspect.ts';
import { mountVolume } from './mount.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';

function describe(path: string, name: string): VolumeFile {
  const stat = lstatSync(path);
  return { Name: name, ...factsOf(stat, stat.isSymbolicLink() ? readlinkSync(path) : undefined) };
}

/** What is at `path`, and by name what is in it where it is a folder. Throws `not-found`. */
export async function listFiles(
  room: VolumeRoom,
  record: VolumeRecord,
  path: string,
): Promise<VolumeListing> {
  const place = await placeIn(room, record, path);
  const self = describe(place, cleanPath(path));
  if (self.Type !== 'directory') return { ...self, Entries: [] };
  const names = readdirSync(place).sort();
  return { ...self, Entries: names.flatMap((name) => describeIfThere(join(place, name), name)) };
}

// Whoever uses the volume may remove files while they are listed.
function describeIfThere(path: string, name: string): VolumeFile[] {
  try {
    return [describe(path, name)];
  } catch {
    return [];
  }
}

/** The content of one file; the stream is the caller's. Throws `not-found`, and `invalid` for what is no file. */
export async function readFileOf(room: VolumeRoom, record: VolumeRecord, path: string): Promise<Readable> {
  const place = await placeIn(room, record, path);
  if (!lstatSync(place).isFile())
    throw invalid(`${cleanPath(path)} in volume ${record.name} is not a regular file`);
  return createReadStream(place);
}

/** A tar of `path`, owners as numbers; the stream is the caller's. */
export async function packVolume(room: VolumeRoom, record: VolumeRecord, path: string): Promise<Readable> {
  await placeIn(room, record, path);
  // With the folder itself: its owner and mode are the volume's.
  const rebase = cleanPath(path) === '/' ? { rebase: '.' } : {};
  const tree = packTree({
    root: dataOf(room, record.name),
    path: cleanPath(path),
    keepHoles: true,
    ...rebase,
  });
  return Readable.from(whileItIs(room, record, tree), { objectMode: false });
}

/** Nobody holds a volume that is only read: it may be removed meanwhile, and that is what is told then. */
async function* whileItIs(room: VolumeRoom, record: VolumeRecord, tree: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const piece of tree) yield piece as Buffer;
  } catch (thrown) {
    if (room.records.get(record.name) !== undefined) throw thrown;
    throw notFound(`get ${record.name}: no such volume`, { cause: thrown });
  }
}

async function placeIn(room: VolumeRoom, record: VolumeRecord, path: string): Promise<string> {
  const root = await mountVolume(room, record);
  const place = pathInRoot(root, cleanPath(path));
  if (lstatSync(place, { throwIfNoEntry: false }) === undefined) {
    throw notFound(`no such file or directory in volume ${record.name}: ${cleanPath(path)}`, {
      hint: `What is there: wharf volume browse ${record.name}`,
    });
  }
  return place;
}

export interface ImportOptions {
  /** A tar in any compression. */
  stream: Readable;
  /** Put over what is there; without it a volume with files in it is refused. */
  merge: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Afterwards the archive's files are in the volume. One that is missing is made, and only with all of them. Throws
 * `conflict` for one that has files, unless they are to be merged.
 */
export async function importVolume(
  room: VolumeRoom,
  name: string,
  options: ImportOptions,
): Promise<VolumeRecord> {
  const { stream, merge, signal } = options;
  const extract = (root: string): Promise<void> => extractTree({ stream, root, into: '/', signal });
  const found = room.records.get(name);
  if (found === undefined) return createFilled(room, { Name: name }, extract);
  const root = await mountVolume(room, found);
  if (!merge && readdirSync(root).length > 0) {
    throw conflict(`import ${name}: the volume is not empty`, {
      hint: 'Choose another name, or put the files over what is there with --merge.',
    });
  }
  await extract(root);
  return found;
}
