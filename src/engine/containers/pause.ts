// Pause and unpause: all processes of a container frozen, and thawed.
import { conflict, messageOf } from '#shared/errors.ts';
import { announce, type Room } from './room.ts';
import { assertRunning } from './terminate.ts';

/** Throws `conflict` where the container does not run or is paused already. */
export async function pauseContainer(room: Room, id: string): Promise<void> {
  const record = room.store.require(id);
  if (record.phase === 'restarting') {
    throw conflict(`container ${id} is restarting, wait until the container is running`);
  }
  assertRunning(record);
  if (record.phase === 'paused') throw conflict(`Container ${id} is already paused`);
  await room.runtime.pause(id).catch((cause: unknown) => {
    // It ended by itself a moment ago, and its exit is not told yet.
    if (!/not running|No such process/.test(messageOf(cause))) throw cause;
    throw conflict(`container ${id} is not running`, { cause });
  });
  announce(room, room.store.update(id, { phase: 'paused' }), 'pause');
}

/** Throws `conflict` where the container is not paused. */
export async function unpauseContainer(room: Room, id: string): Promise<void> {
  const record = room.store.require(id);
  if (record.phase !== 'paused') throw conflict(`Container ${id} is not paused`);
  await room.runtime.resume(id);
  announce(room, room.store.update(id, { phase: 'running' }), 'unpause');
}
