// Clone and rename: a volume's files under another name.
import { existsSync, renameSync } from 'node:fs';
import { conflict } from '#shared/errors.ts';
import { assertName } from '#shared/notation/name.ts';
import { copyTree } from './copy-tree.ts';
import { createFilled } from './create.ts';
import { dirOf, requireVolume } from './inspect.ts';
import { mountVolume, unmountVolume } from './mount.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';
import { usersOf } from './users.ts';

/**
 * Afterwards `to` is a new volume with the labels of `from` and a copy of its files: owners, modes, times, extended
 * attributes, hard links, holes. Throws `conflict` where `to` exists. Files that change meanwhile may be copied half.
 */
export async function cloneVolume(room: VolumeRoom, from: string, to: string): Promise<VolumeRecord> {
  const source = requireVolume(room, from);
  const path = await mountVolume(room, source);
  return createFilled(room, { Name: to, Labels: source.labels }, (dir) =>
    copyTree(path, dir, `cloning volume ${from}`),
  );
}

/** Afterwards the volume has the name `to`. Throws `conflict` where `to` exists or a container has the volume. */
export function renameVolume(room: VolumeRoom, from: string, to: string): VolumeRecord {
  const record = requireVolume(room, from);
  assertFree(room, to);
  const users = usersOf(room, from);
  if (users.length > 0) {
    const names = users.map((id) => room.containerName(id) ?? id.slice(0, 12));
    throw conflict(`rename ${from}: volume is in use - [${users.join(', ')}]`, {
      hint: `Containers know it by its name. Remove them first: wharf rm ${names.join(' ')}`,
    });
  }
  unmountVolume(room, from);
  // The intent comes first: `finishRenames` goes on from wherever this ends.
  const intent = { ...record, name: to, renamedFrom: from };
  room.records.put(to, intent);
  renameSync(dirOf(room, from), dirOf(room, to));
  return finish(room, intent);
}

function finish(room: VolumeRoom, intent: VolumeRecord): VolumeRecord {
  const { renamedFrom: from = '', ...record } = intent;
  room.records.delete(from);
  room.records.put(record.name, record);
  room.events.emit('volume', 'rename', record.name, { driver: 'local', oldName: from });
  return record;
}

/** After a crash: renames that were begun are completed or forgotten, whatever became of the folder. */
export function finishRenames(room: VolumeRoom): void {
  for (const { id, value } of room.records.all()) {
    if (value.renamedFrom === undefined) continue;
    if (existsSync(dirOf(room, id))) finish(room, value);
    else room.records.delete(id);
  }
}

function assertFree(room: VolumeRoom, name: string): void {
  assertName('volume', name);
  if (room.records.get(name) === undefined) return;
  throw conflict(`create ${name}: a volume of that name already exists`, {
    hint: 'Choose another name, or remove that one first.',
  });
}
