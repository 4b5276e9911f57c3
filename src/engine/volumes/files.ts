// The files of a volume: listed, read, packed and filled, without leaving it.
import {
  createReadStream,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { factsOf } from '#engine/file-facts.ts';
import { pathInRoot } from '#kernel/root-path.ts';
import type { VolumeFile, VolumeListing } from '#shared/contract/volume.ts';
import { conflict, invalid, notFound } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { cleanPath } from '#shared/notation/mount.ts';
import { extractTree, packTree } from '#storage/archive/archive.ts';
import { createVolume } from './create.ts';
import { dataOf } from './inspect.ts';
import { mountVolume } from './mount.ts';
import type { VolumeRecord } from './record.ts';
import { trashPrefix } from './remove.ts';
import type { VolumeRoom } from './room.ts';
import { usersOf } from './users.ts';

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
  const rebase = cleanPath(path) === '/' ? { rebase: '' } : {};
  const tree = packTree({ root: dataOf(room, record.name), path: cleanPath(path), ...rebase });
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
 * Afterwards the archive's files are in the volume, which is made where it is missing. A volume that was missing or
 * empty and that nobody uses gets all of them or none.
 */
export async function importVolume(
  room: VolumeRoom,
  name: string,
  options: ImportOptions,
): Promise<VolumeRecord> {
  const found = room.records.get(name);
  const root = found === undefined ? undefined : await mountVolume(room, found);
  const empty = root === undefined || readdirSync(root).length === 0;
  if (!empty && !options.merge) {
    throw conflict(`import ${name}: the volume is not empty`, {
      hint: 'Choose another name, or put the files over what is there with --merge.',
    });
  }
  const { stream, signal } = options;
  if (root !== undefined && (!empty || found?.options != null || usersOf(room, name).length > 0)) {
    await extractTree({ stream, root, into: '/', signal });
    return found ?? createVolume(room, { Name: name });
  }
  const record = found ?? createVolume(room, { Name: name });
  await fillWhole(room, record, (dir) => extractTree({ stream, root: dir, into: '/', signal })).catch(
    (thrown) => {
      if (found === undefined) discardNew(room, name);
      throw thrown;
    },
  );
  return record;
}

/** Fills a plain empty volume by a folder beside it that takes its place when it is complete. */
export async function fillWhole(
  room: VolumeRoom,
  record: VolumeRecord,
  fill: (dir: string) => Promise<void>,
): Promise<void> {
  // By that name the next engine removes it, should this one not come to the end.
  const aside = join(room.dir, `${trashPrefix}${newId()}`);
  mkdirSync(aside, { mode: 0o755 });
  try {
    await fill(aside);
    renameSync(aside, dataOf(room, record.name));
  } catch (thrown) {
    rmSync(aside, { recursive: true, force: true });
    throw thrown;
  }
}

/** Takes back a volume that was made for files that did not come. */
export function discardNew(room: VolumeRoom, name: string): void {
  room.records.delete(name);
  rmSync(join(room.dir, name), { recursive: true, force: true });
  room.events.emit('volume', 'destroy', name, { driver: 'local' });
}
