// One run of a container: what follows it while it lasts, and its end made durable and told.
import { rfc3339NanoOf } from '#shared/notation/time.ts';
import { beginCleanup, beginCleanupSoon, isOnSharedNetwork } from './cleanup.ts';
import { watchHealth } from './health.ts';
import { endExecs } from './io/exec-record.ts';
import type { ExitReport } from './record/live.ts';
import type { ContainerRecord } from './record/record.ts';
import { nextTry } from './restart-policy.ts';
import { announce, type Room } from './room.ts';

/** Begins what follows a container while it runs. */
export function watchRun(room: Room, record: ContainerRecord): void {
  const live = room.live.of(record.id);
  live.runEnded.abort();
  live.runEnded = new AbortController();
  watchHealth(room, record, live.runEnded.signal);
}

/** The exit is durable and told when this returns; cleanup and `room.onSettled` come after. */
export function settleExit(room: Room, id: string, exit: ExitReport): void {
  const before = room.store.require(id);
  const live = room.live.of(id);
  live.earlyExit = undefined;
  live.runEnded.abort();
  if (before.phase === 'removing') {
    live.tell('exit', { exitCode: exit.exitCode, error: '' });
    return;
  }
  const ranMs = performance.now() - live.startedMs;
  const wait = room.closing
    ? undefined
    : nextTry(before, exit.exitCode, { ranMs, backOffMs: live.backOffMs });
  const { wiring: _, ...rest } = before;
  const ended = room.store.replace({
    ...rest,
    phase: wait === undefined ? 'exited' : 'restarting',
    pid: 0,
    exitCode: exit.exitCode,
    oomKilled: exit.oomKilled ?? false,
    finishedAt: rfc3339NanoOf(exit.atMs),
    // As in Docker: what does not run is not healthy. Nothing is told of it.
    ...(before.health === undefined ? {} : { health: { ...before.health, Status: 'unhealthy' as const } }),
  });
  endExecs(live.execs);
  if (ended.oomKilled) announce(room, ended, 'oom');
  announce(room, ended, 'die', {
    exitCode: String(exit.exitCode),
    execDuration: String(Math.max(0, Math.round(ranMs / 1000))),
  });
  live.tell('exit', { exitCode: exit.exitCode, error: '' });
  // Ports and addresses on users' networks may be wanted at once.
  if (isOnSharedNetwork(ended)) void beginCleanup(room, ended);
  else beginCleanupSoon(room, ended);
  room.onSettled(ended, wait);
}
