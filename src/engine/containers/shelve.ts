// Shelving: a container that is removed but can come back. Its record leaves the store, its files stay where they are.
import { conflict } from '#shared/errors.ts';
import { rfc3339NanoOf, zeroTime } from '#shared/notation/time.ts';
import { measureTree } from '#storage/snapshots/walk-tree.ts';
import { beginCleanup } from './cleanup.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { assertRemovable, destroyThings } from './remove.ts';
import { announce, holderOf, type Room } from './room.ts';
import { terminate } from './terminate.ts';

export interface ShelvedContainer {
  record: ContainerRecord;
  /** What it held leases on. */
  subjects: string[];
}

/**
 * Afterwards nobody finds the container and its name is free. `keep` is called in the transaction that takes the record
 * out of the store: what it writes is durable with that, or not at all. Gives the names of its anonymous volumes.
 */
export async function shelveContainer(
  room: Room,
  id: string,
  { force, keep }: { force: boolean; keep: (shelved: ShelvedContainer) => void },
): Promise<string[]> {
  const record = room.store.require(id);
  if (record.phase === 'removing') throw conflict(`removal of container ${id} is already in progress`);
  if (!force) assertRemovable(record);
  const live = room.live.of(id);
  live.cancelRestart();
  if (isUp(record)) await terminate(room, id);
  live.hastenCleanup();
  await beginCleanup(room, room.store.require(id));
  const { wiring: _, ...ended } = room.store.require(id);
  const phase = ended.startedAt === zeroTime ? 'created' : 'exited';
  const resting: ContainerRecord = { ...ended, phase, pid: 0 };
  room.state.transaction(() => {
    keep({ record: resting, subjects: room.leases.heldBy(holderOf(id)) });
    room.leases.release(holderOf(id));
    room.store.delete(id);
  });
  announce(room, resting, 'destroy');
  live.tell('removed', { exitCode: resting.exitCode, error: '' });
  live.tell('exit', { exitCode: resting.exitCode, error: '' });
  room.live.forget(id);
  return resting.mounts.flatMap((mount) =>
    mount.anonymous === true && mount.Name !== undefined ? [mount.Name] : [],
  );
}

/** The container is back, stopped. `forget` joins the transaction. Throws `conflict` where its name is taken. */
export function unshelveContainer(room: Room, shelved: ShelvedContainer, forget: () => void): void {
  const { record, subjects } = shelved;
  room.store.assertNameFree(record.name);
  room.state.transaction(() => {
    for (const subject of subjects) room.leases.hold(subject, holderOf(record.id));
    forget();
    room.store.add(record);
  });
  announce(room, record, 'create', { restoredAt: rfc3339NanoOf(Date.now()) });
}

/** Its files go, too. */
export async function discardShelved(room: Room, { record }: ShelvedContainer): Promise<void> {
  await destroyThings(room, record, { anonymousVolumes: false });
  room.live.forget(record.id);
}

/** Bytes of what the container had written. */
export async function shelvedBytes(room: Room, { record }: ShelvedContainer): Promise<number> {
  const upper = room.snapshots.find(record.id)?.upper;
  return upper === undefined ? 0 : (await measureTree(upper)).sizeBytes;
}

/** Containers whose files are somebody's, though no record in the store speaks of them. */
export function shelvedIds(room: Pick<Room, 'state'>): string[] {
  const entries = room.state.collection<{ kind: string; data: ShelvedContainer }>('trash').all();
  return entries.flatMap(({ value }) => (value.kind === 'container' ? [value.data.record.id] : []));
}
