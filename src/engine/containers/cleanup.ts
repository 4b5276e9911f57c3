// What an ended container leaves in the kernel is taken away, off the path of whoever waits for its end.
import { existsSync, rmSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { unmount } from '#kernel/mounts.ts';
import { removeNetns } from '#kernel/netns.ts';
import { unstage } from './config/stage.ts';
import type { ContainerRecord } from './record/record.ts';
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
  // Made before the networks knew of it, it is the start's own.
  if (existsSync(paths.netns)) removeNetns(paths.netns);
  rmSync(paths.bundle, { recursive: true, force: true });
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function unmountAll(room: Room, record: ContainerRecord): Promise<void> {
  unstage(room, record);
  if (record.hostConfig.IpcMode === 'shareable') unmount(pathsOf(room, record.id).shm);
  if (room.snapshots.find(record.id) !== undefined) room.snapshots.unmount(record.id);
}

/** Begins the cleanup; `live.cleanup` ends with it and tells the operator where it failed. */
export function beginCleanup(room: Room, record: ContainerRecord): Promise<void> {
  const live = room.live.of(record.id);
  const before = live.cleanup;
  live.cleanup = before
    // Whoever waits for the end is answered first.
    .then(() => setImmediate())
    .then(() => cleanUp(room, record))
    .catch((thrown: unknown) => room.warn(`cleaning up container ${record.id} failed: ${thrown}`));
  const mine = live.cleanup;
  room.background.add(mine);
  void mine.then(() => room.background.delete(mine));
  return mine;
}
