// Stop, kill and restart.
import { conflict } from '#shared/errors.ts';
import { parseSignal } from '#shared/notation/signal.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { announce, type Room } from './room.ts';
import { startContainer } from './start.ts';
import { exitOf, type StopOptions, sendTo, terminate } from './terminate.ts';

/** Afterwards it does not run and its restart policy stays quiet. The value says whether there was anything to do. */
export async function stopContainer(room: Room, id: string, options: StopOptions): Promise<boolean> {
  const record = room.store.require(id);
  if (record.phase === 'restarting') {
    announce(room, restingNow(room, id), 'stop');
    return true;
  }
  if (!isUp(record)) return false;
  await terminate(room, id, options);
  announce(room, room.store.get(id) ?? record, 'stop');
  return true;
}

function restingNow(room: Room, id: string): ContainerRecord {
  const live = room.live.of(id);
  live.cancelRestart();
  const record = room.store.update(id, { phase: 'exited', stopRequested: true });
  live.tell('exit', { exitCode: record.exitCode, error: '' });
  return record;
}

const sigkill = 9;

/** Sends a signal. SIGKILL and the stop signal count as a stop: the restart policy stays quiet. */
export async function killContainer(room: Room, id: string, number: number): Promise<void> {
  const record = room.store.require(id);
  if (record.phase === 'restarting') restingNow(room, id);
  else if (!isUp(record)) throw conflict(`cannot kill container: ${id}: container ${id} is not running`);
  if (number === sigkill || number === parseSignal(record.config.StopSignal || 'SIGTERM')) {
    room.store.update(id, { stopRequested: true });
  }
  const ended = number === sigkill ? exitOf(room, id) : undefined;
  await sendTo(room, record, number);
  if (ended === undefined) return;
  // As Docker does: whoever killed finds it dead.
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10_000).unref())]);
}

/** Stops where it runs, and starts. */
export async function restartContainer(room: Room, id: string, options: StopOptions): Promise<void> {
  const record = room.store.require(id);
  if (isUp(record)) await terminate(room, id, options);
  else if (record.phase === 'restarting') restingNow(room, id);
  await startContainer(room, id);
  announce(room, room.store.get(id) ?? record, 'restart');
}
