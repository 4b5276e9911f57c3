// Shelving: a volume that is removed but can come back. Its folder gets another name, its record leaves the store.
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, conflict } from '#shared/errors.ts';
import { removeTree } from '#storage/archive/archive.ts';
import { measureTree } from '#storage/snapshots/walk-tree.ts';
import { dirOf, requireVolume } from './inspect.ts';
import { unmountVolume } from './mount.ts';
import type { VolumeRecord } from './record.ts';
import { assertUnused } from './remove.ts';
import type { VolumeRoom } from './room.ts';

export interface ShelvedVolume {
  record: VolumeRecord;
  /** Name of its folder meanwhile. */
  folder: string;
}

const keptDir = (room: VolumeRoom, { folder }: ShelvedVolume): string => join(room.dir, folder);

/** Afterwards the name is free. `keep` is called in the transaction that takes the record away. Throws `conflict` while in use. */
export function shelveVolume(
  room: VolumeRoom,
  name: string,
  { id, keep }: { id: string; keep: (shelved: ShelvedVolume) => void },
): void {
  const record = requireVolume(room, name);
  assertUnused(room, name);
  unmountVolume(room, name);
  const shelved: ShelvedVolume = { record, folder: `.kept-${id}` };
  room.state.transaction(() => {
    keep(shelved);
    room.records.delete(name);
  });
  finishShelving(room, shelved);
  room.events.emit('volume', 'destroy', name, { driver: 'local' });
}

/** The folder has the name of the trash: also after an engine was killed between the record and the folder. */
export function finishShelving(room: VolumeRoom, shelved: ShelvedVolume): void {
  const { name } = shelved.record;
  if (existsSync(keptDir(room, shelved)) || room.records.get(name) !== undefined) return;
  try {
    renameSync(dirOf(room, name), keptDir(room, shelved));
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** The volume is back with its files. `forget` joins the transaction. Throws `conflict` where the name is taken. */
export function unshelveVolume(room: VolumeRoom, shelved: ShelvedVolume, forget: () => void): void {
  const { record } = shelved;
  if (room.records.get(record.name) !== undefined) {
    throw conflict(`a volume named ${record.name} exists`, {
      hint: `Give that one another name first: wharf volume rename ${record.name} NEW`,
    });
  }
  if (existsSync(keptDir(room, shelved))) renameSync(keptDir(room, shelved), dirOf(room, record.name));
  room.state.transaction(() => {
    room.records.put(record.name, record);
    forget();
  });
  room.events.emit('volume', 'create', record.name, { driver: 'local' });
}

export async function discardShelvedVolume(room: VolumeRoom, shelved: ShelvedVolume): Promise<void> {
  await removeTree(keptDir(room, shelved));
}

/** Bytes of its files. */
export async function shelvedVolumeBytes(room: VolumeRoom, shelved: ShelvedVolume): Promise<number> {
  return existsSync(keptDir(room, shelved)) ? (await measureTree(keptDir(room, shelved))).sizeBytes : 0;
}
