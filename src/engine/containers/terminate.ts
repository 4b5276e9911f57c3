// Ends a container's process: asks, waits, kills.
import { conflict, internal } from '#shared/errors.ts';
import { parseSignal } from '#shared/notation/signal.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { announce, type Room } from './room.ts';

const defaultGraceSeconds = 10;
/** A killed process that is not gone by then hangs in the kernel. */
const killPatienceMs = 10_000;
const sigkill = 9;

export interface StopOptions {
  /** Before the kill; -1: for ever. Default: the container's, or 10. */
  timeoutSeconds?: number;
  /** Default: the container's, or SIGTERM. */
  stopSignal?: string;
}

/** The process has ended when this returns. The container must be up; its restart policy stays quiet. */
export async function terminate(
  room: Room,
  id: string,
  options: StopOptions = { timeoutSeconds: 0 },
): Promise<void> {
  const record = room.store.update(id, { stopRequested: true });
  const ended = exitOf(room, id);
  const grace = options.timeoutSeconds ?? record.config.StopTimeout ?? defaultGraceSeconds;
  if (grace !== 0) {
    await sendTo(room, record, parseSignal(options.stopSignal || record.config.StopSignal || 'SIGTERM'));
    if (await endsWithin(ended, grace < 0 ? undefined : grace * 1000)) return;
  }
  if (!isUp(room.store.require(id))) return;
  await sendTo(room, record, sigkill);
  if (await endsWithin(ended, killPatienceMs)) return;
  throw internal(`container ${id} could not be killed: its process does not end`);
}

/** Sends a signal and announces it; a frozen container is thawed so that it can take note of a kill. */
export async function sendTo(room: Room, record: ContainerRecord, number: number): Promise<void> {
  const now = room.store.require(record.id);
  if (!isUp(now)) return;
  // False: it ended by itself in this moment; the exit will be told.
  if (!(await room.runtime.kill(record.id, number))) return;
  announce(room, now, 'kill', { signal: String(number) });
  if (now.phase === 'paused' && number === sigkill)
    await room.runtime.resume(record.id).catch(() => undefined);
}

/** Resolves at the next end of the container. */
export function exitOf(room: Room, id: string): Promise<void> {
  return new Promise((resolve) => {
    room.live.of(id).onNext('exit', () => resolve());
  });
}

async function endsWithin(ended: Promise<void>, timeoutMs: number | undefined): Promise<boolean> {
  if (timeoutMs === undefined) {
    await ended;
    return true;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const result = await Promise.race([ended.then(() => true as const), late]);
  clearTimeout(timer);
  return result;
}

/** Throws Docker's sentence where the container is not up. */
export function assertRunning(record: ContainerRecord): void {
  if (!isUp(record)) throw conflict(`container ${record.id} is not running`);
}
