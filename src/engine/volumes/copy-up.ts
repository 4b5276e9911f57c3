// Copy-up: what an image has at a volume's place goes into the volume, once.
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { isMountPoint } from '#kernel/mounts.ts';
import { codeOf } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { copyTree } from './copy-tree.ts';
import { dirOf } from './inspect.ts';
import { mountVolume } from './mount.ts';
import { trashPrefix, type VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';
import { usersOf } from './users.ts';

/** Beside the data of a volume that is being filled. */
const fillingDir = (room: VolumeRoom, name: string): string => join(dirOf(room, name), '_filling');

/**
 * Copy-up into a volume: all of `source`, or where the engine is killed meanwhile, nothing, so that the next container
 * fills it. Where others have the volume, which see the very folder, or it is a mount, files come one by one.
 */
export async function fillVolume(room: VolumeRoom, record: VolumeRecord, source: string): Promise<void> {
  const doing = `filling volume ${record.name}`;
  const data = await mountVolume(room, record);
  if (readdirSync(data).length > 0) return;
  if (usersOf(room, record.name).length > 1 || isMountPoint(data)) return await copyInto(source, data, doing);
  const filling = fillingDir(room, record.name);
  rmSync(filling, { recursive: true, force: true });
  mkdirSync(filling, { mode: 0o755 });
  try {
    await copyInto(source, filling, doing);
    if (usersOf(room, record.name).length > 1) await copyInto(filling, data, doing);
    else if (lstatOf(source)?.isDirectory()) renameSync(filling, data);
  } finally {
    rmSync(filling, { recursive: true, force: true });
  }
}

/** After a crash: what did not become a volume's data is trash. */
export function discardFillings(room: VolumeRoom): void {
  for (const { id } of room.records.all()) {
    const filling = fillingDir(room, id);
    if (existsSync(filling)) renameSync(filling, join(room.dir, `${trashPrefix}${newId()}`));
  }
}

/**
 * Afterwards `target`, where it was empty, holds a copy of the folder `source` with owners, modes, times, extended
 * attributes and links. A target with anything in it, and a source that is no folder, change nothing.
 */
async function copyInto(source: string, target: string, doing: string): Promise<void> {
  if (readdirSync(target).length > 0) return;
  const stat = lstatOf(source);
  if (stat === undefined || !stat.isDirectory()) return;
  if (readdirSync(source).length > 0) {
    await copyTree(source, target, doing);
    return;
  }
  lchownSync(target, stat.uid, stat.gid);
  chmodSync(target, stat.mode & 0o7777);
}

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
