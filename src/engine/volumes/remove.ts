// Remove and prune: volumes that nobody uses go, with what is in them.
import { readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unmountUnder } from '#kernel/mounts.ts';
import { codeOf, conflict } from '#shared/errors.ts';
import { type Filters, filterKeysOnly, flagOf, matchLabel } from '#shared/notation/filter.ts';
import { newId } from '#shared/notation/id.ts';
import { removeTree } from '#storage/archive/archive.ts';
import { dirOf, requireVolume } from './inspect.ts';
import { unmountVolume } from './mount.ts';
import { anonymousLabel, trashPrefix, type VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';
import { sizesOf } from './usage.ts';
import { usersOf } from './users.ts';

/** Afterwards the volume is gone. Throws `conflict` while a container has it; `force` forgives one that is not there. */
export function removeVolume(room: VolumeRoom, name: string, options: { force?: boolean }): void {
  if (options.force === true && room.records.get(name) === undefined) return;
  const record = requireVolume(room, name);
  assertUnused(room, name);
  unmountVolume(room, name);
  // The intent, then the folder: wherever this is cut off, a new volume of the name finds nothing in itself.
  room.records.put(name, { ...record, removing: true });
  discard(room, name);
  room.records.delete(name);
  room.events.emit('volume', 'destroy', name, { driver: 'local' });
}

/** After a crash: removals that were begun are completed. */
export function finishRemovals(room: VolumeRoom): void {
  for (const { id, value } of room.records.all()) {
    if (value.removing !== true) continue;
    unmountVolume(room, id);
    discard(room, id);
    room.records.delete(id);
  }
}

/** Throws `conflict` with Docker's sentence while a container has the volume. */
export function assertUnused(room: VolumeRoom, name: string): void {
  const users = usersOf(room, name);
  if (users.length > 0) {
    const names = users.map((id) => room.containerName(id) ?? id.slice(0, 12));
    throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`, {
      hint: `Remove the containers first: wharf rm ${names.join(' ')}`,
    });
  }
}

// The name is free at once; the files go while nobody waits.
function discard(room: VolumeRoom, name: string): void {
  const trash = join(room.dir, `${trashPrefix}${newId()}`);
  try {
    renameSync(dirOf(room, name), trash);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
    return;
  }
  rm(trash, { recursive: true, force: true }).catch(() => {});
}

/** Deletes what an earlier engine did not come to delete, which is looked for before this returns. What cannot go stays. */
export async function emptyTrash(dir: string): Promise<void> {
  const names = readdirSync(dir).filter((name) => name.startsWith(trashPrefix));
  for (const name of names) {
    try {
      // What somebody mounted in a volume is not the volume's.
      unmountUnder(join(dir, name));
      await removeTree(join(dir, name));
    } catch {
      // The next engine tries again.
    }
  }
}

/** Removes the volumes that nobody uses: anonymous ones, or with the filter `all` every one that `filters` choose. */
export async function pruneVolumes(
  room: VolumeRoom,
  filters: Filters,
): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> {
  filterKeysOnly(filters, ['all', 'label', 'label!']);
  const all = flagOf(filters, 'all') === true;
  const refused = filters.get('label!') ?? [];
  const chosen = room.records.all().flatMap(({ value }) => {
    const wanted =
      (all || isAnonymous(value)) &&
      // As in Docker: what was made with options stands for something elsewhere, and goes by name only.
      Object.keys(value.options ?? {}).length === 0 &&
      matchLabel(value.labels, filters.get('label')) &&
      !refused.some((label) => matchLabel(value.labels, [label]));
    return wanted && usersOf(room, value.name).length === 0 ? [value.name] : [];
  });
  const sizes = await sizesOf(room, chosen);
  const deleted: string[] = [];
  for (const name of chosen) {
    // Behind the lock: somebody may be filling it just now.
    await room.lock.run(name, async () => {
      // While sizes were counted someone may have come to use it, or have removed it.
      if (room.records.get(name) === undefined || usersOf(room, name).length > 0) return;
      removeVolume(room, name, {});
      deleted.push(name);
    });
  }
  const bytes = deleted.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  return { VolumesDeleted: deleted, SpaceReclaimed: bytes };
}

const isAnonymous = (record: VolumeRecord): boolean => record.labels?.[anonymousLabel] !== undefined;
