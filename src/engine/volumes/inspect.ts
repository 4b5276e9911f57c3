// A volume by name: its record, where its files are, and how the API shows it.
import { join } from 'node:path';
import type { VolumeInspect } from '#shared/contract/volume.ts';
import { internal, notFound } from '#shared/errors.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';

/** The folder of a volume: its data lie below it, or are mounted there. */
export function dirOf(room: VolumeRoom, name: string): string {
  // Whole folders are moved and removed by what this says: it must never be the folder of all volumes.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw internal(`not the name of a volume: "${name}"`);
  return join(room.dir, name);
}

export const dataOf = (room: VolumeRoom, name: string): string => join(dirOf(room, name), '_data');

/** The record; throws `not-found` with Docker's sentence. */
export function requireVolume(room: VolumeRoom, name: string): VolumeRecord {
  const record = room.records.get(name);
  if (record !== undefined) return record;
  throw notFound(`get ${name}: no such volume`, { hint: 'The volumes that exist: wharf volume ls' });
}

/** A volume as the API shows it. */
export function inspectOf(room: VolumeRoom, record: VolumeRecord): VolumeInspect {
  return {
    CreatedAt: record.createdAt,
    Driver: 'local',
    Labels: record.labels,
    Mountpoint: dataOf(room, record.name),
    Name: record.name,
    Options: record.options,
    Scope: 'local',
  };
}
