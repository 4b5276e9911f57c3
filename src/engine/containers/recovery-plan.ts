// What to do with each container when an engine starts, from its record and what the kernel shows. Pure.
import type { ExitReport } from './record/live.ts';
import type { ContainerRecord } from './record/record.ts';
import { wantedAtBoot } from './restart-policy.ts';

export interface Observed {
  /** `created`: the box stands, but its program has not run. */
  task: 'created' | 'running' | 'paused' | 'stopped';
  pid: number;
  /** Somebody still records its exit code and reads its output. */
  monitored: boolean;
  /** The recorded end of its last run, where there is one. */
  exit: ExitReport | undefined;
}

export type Recovery =
  /** It runs and is supervised again. */
  | { action: 'adopt'; pid: number; phase: 'running' | 'paused' }
  /** It ended while no engine ran. */
  | { action: 'settle'; exit: ExitReport; boot: boolean }
  /** A start that did not get far enough is taken back. */
  | { action: 'roll-back'; boot: boolean }
  /** It is down; what may be left of it in the kernel is taken away. */
  | { action: 'rest'; boot: boolean }
  /** Half made or half removed: it goes. */
  | { action: 'discard' };

/** What Docker says of a container whose end nobody saw. */
const unknownExitCode = 255;

/** The plan for one container. `nowMs` is the time of death where nobody recorded one. */
export function planRecovery(record: ContainerRecord, seen: Observed, nowMs: number): Recovery {
  switch (record.phase) {
    case 'creating':
    case 'removing':
      return { action: 'discard' };
    case 'starting':
      return planStarting(record, seen);
    case 'running':
    case 'paused':
      return planUp(record, seen, nowMs);
    case 'restarting':
      return { action: 'rest', boot: !record.stopRequested };
    case 'created':
    case 'dead':
      return { action: 'rest', boot: false };
    case 'exited':
      return { action: 'rest', boot: wantedAtBoot(record, record.exitCode) };
  }
}

function adopt({ task, pid, monitored }: Observed): Recovery | undefined {
  if (!monitored || (task !== 'running' && task !== 'paused')) return undefined;
  return { action: 'adopt', pid, phase: task };
}

function planStarting(record: ContainerRecord, seen: Observed): Recovery {
  if (seen.exit !== undefined) return settle(record, seen.exit);
  const up = adopt(seen);
  if (up !== undefined) return up;
  return { action: 'roll-back', boot: wantedAtBoot(record, 1) };
}

function planUp(record: ContainerRecord, seen: Observed, nowMs: number): Recovery {
  const up = adopt(seen);
  if (up !== undefined) return up;
  return settle(record, seen.exit ?? { exitCode: unknownExitCode, atMs: nowMs });
}

function settle(record: ContainerRecord, exit: ExitReport): Recovery {
  return { action: 'settle', exit, boot: wantedAtBoot(record, exit.exitCode) };
}
