// What an ended container leaves in the kernel is taken away, off the path of whoever waits for its end.
import { existsSync, rmSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { unmount } from '#kernel/mounts.ts';
import { removeNetns } from '#kernel/netns.ts';
import { unstage } from './config/stage.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { pathsOf, type Room } from './room.ts';

/**
 * Afterwards the container's runtime state, network, mounts and bundle are gone. Safe to repeat. Every part is
 * tried; the first failure is thrown.
 */
export async function cleanUp(room: Room, record: ContainerRecord): Promise<void> {
  const { id } = record;
  const paths = pathsOf(room, id);
  const results = await Promise.allSettled([
    room.networks.detach(id),
    room.runtime.delete(id),
    unmountAll(room, record),
  ]);
  const released = await Promise.allSettled(namesOf(record).map((name) => releaseVolume(room, record, name)));
  // Made before the networks knew of it, it is the start's own.
  if (existsSync(paths.netns)) removeNetns(paths.netns);
  // What is still mounted in it is a volume's, or the host's.
  if (results[2].status === 'fulfilled') rmSync(paths.bundle, { recursive: true, force: true });
  for (const result of [...results, ...released]) if (result.status === 'rejected') throw result.reason;
}

const namesOf = ({ mounts }: ContainerRecord): string[] =>
  mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name !== undefined ? [Name] : []));

/** With the last container that runs, a volume's own mount goes. */
function releaseVolume(room: Room, record: ContainerRecord, name: string): Promise<void> {
  const isUsed = (): boolean =>
    room.store
      .all()
      .some(
        (other) =>
          other.id !== record.id &&
          (isUp(other) || other.phase === 'starting') &&
          namesOf(other).includes(name),
      );
  return room.volumes.release(name, isUsed);
}

async function unmountAll(room: Room, record: ContainerRecord): Promise<void> {
  unstage(room, record);
  if (record.hostConfig.IpcMode === 'shareable') unmount(pathsOf(room, record.id).shm);
  // Whoever reads its files unmounts it after the last of them.
  if (room.live.of(record.id).rootfsUsers > 0) return;
  if (room.snapshots.find(record.id) !== undefined) room.snapshots.unmount(record.id);
}

/** Its ports or its place on a user's network may be wanted at once by another container. */
export function isOnSharedNetwork({ hostConfig, endpoints }: ContainerRecord): boolean {
  if (hostConfig.PublishAllPorts === true || Object.keys(hostConfig.PortBindings ?? {}).length > 0)
    return true;
  const own = ['bridge', 'none', 'host', 'default'];
  return [hostConfig.NetworkMode ?? 'bridge', ...Object.keys(endpoints)].some((name) => !own.includes(name));
}

/**
 * Whoever waited for the end often asks for the removal at once: that is not to find the engine in the middle of the
 * teardown, which is more work than the answer.
 */
const afterEndMs = 10;

/** Begins the cleanup; `live.cleanup` ends with it and tells the operator where it failed. */
export function beginCleanup(room: Room, record: ContainerRecord): Promise<void> {
  return cleanUpAfter(room, record, () => setImmediate());
}

/** As `beginCleanup`, in a moment, or when `live.hastenCleanup` is called. */
export function beginCleanupSoon(room: Room, record: ContainerRecord): void {
  const live = room.live.of(record.id);
  void cleanUpAfter(
    room,
    record,
    () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, afterEndMs);
        live.hastenCleanup = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  );
}

function cleanUpAfter(room: Room, record: ContainerRecord, pause: () => Promise<void>): Promise<void> {
  const live = room.live.of(record.id);
  const before = live.cleanup;
  live.cleanup = before
    // Whoever waits for the end is answered first.
    .then(pause)
    .then(() => cleanUp(room, record))
    .catch((thrown: unknown) => room.warn(`cleaning up container ${record.id} failed: ${thrown}`));
  const mine = live.cleanup;
  room.background.add(mine);
  void mine.then(() => room.background.delete(mine));
  return mine;
}
