// How a container's state is told: the words of `ps` and the `State` of inspect.
import type { ContainerState, ContainerStatus } from '#shared/contract/container.ts';
import { humanDuration } from '#shared/notation/duration.ts';
import { zeroTime } from '#shared/notation/time.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';

/** Docker's word for the state. */
export function statusOf(record: ContainerRecord): ContainerStatus {
  switch (record.phase) {
    case 'creating':
    case 'created':
    case 'starting':
      // A policy's try: nobody shall take the moment between two runs for the end.
      if (record.phase === 'starting' && record.restartCount > 0) return 'restarting';
      return record.finishedAt === zeroTime ? 'created' : 'exited';
    default:
      return record.phase;
  }
}

/** `Up 2 minutes`, `Exited (0) 3 seconds ago`, …, as seen at `nowMs`. */
export function statusText(record: ContainerRecord, nowMs: number): string {
  const since = (time: string): string => humanDuration(Math.max(0, (nowMs - Date.parse(time)) / 1000));
  switch (statusOf(record)) {
    case 'running':
      return `Up ${since(record.startedAt)}${healthText(record)}`;
    case 'paused':
      return `Up ${since(record.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${record.exitCode}) ${since(record.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    default:
      return `Exited (${record.exitCode}) ${since(record.finishedAt)} ago`;
  }
}

function healthText(record: ContainerRecord): string {
  if (record.health === undefined || record.health.Status === 'none') return '';
  return record.health.Status === 'starting' ? ' (health: starting)' : ` (${record.health.Status})`;
}

/** `State` of inspect. */
export function stateOf(record: ContainerRecord): ContainerState {
  const status = statusOf(record);
  const restarting = status === 'restarting';
  return {
    Status: status,
    Running: isUp(record) || restarting,
    Paused: record.phase === 'paused',
    Restarting: restarting,
    OOMKilled: record.oomKilled,
    Dead: record.phase === 'dead',
    Pid: record.pid,
    ExitCode: record.exitCode,
    Error: record.error,
    StartedAt: record.startedAt,
    FinishedAt: record.finishedAt,
    ...(record.health === undefined ? {} : { Health: record.health }),
  };
}
