// Health checks: a probe run again and again in a running container, and the verdict drawn from its results.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthState } from '#shared/contract/container.ts';
import { messageOf } from '#shared/errors.ts';
import { formatDuration } from '#shared/notation/duration.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import type { Healthcheck } from '#shared/oci/specs.ts';
import { runSession } from './io/exec.ts';
import type { ContainerRecord } from './record/record.ts';
import { announce, type Room } from './room.ts';

const nanosPerMs = 1e6;
const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startIntervalMs: 5_000, retries: 3 };
const mostLogged = 5;
const longestOutput = 4_096;

type Result = HealthState['Log'][number];

/** The command of a check; undefined where there is none. */
export function probeCommand(
  check: Healthcheck | null | undefined,
  shell: readonly string[],
): string[] | undefined {
  const [kind, ...words] = check?.Test ?? [];
  if (kind === 'CMD' && words.length > 0) return words;
  if (kind === 'CMD-SHELL') return [...shell, words.join(' ')];
  return undefined;
}

/** The verdict after one more result. Pure. Within the start period a failure does not count. */
export function judge(
  before: HealthState,
  result: Result,
  rule: { retries: number; starting: boolean },
): HealthState {
  const Log = [...before.Log, result].slice(-mostLogged);
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  if (rule.starting && before.Status === 'starting') return { ...before, Log };
  const FailingStreak = before.FailingStreak + 1;
  const Status = FailingStreak >= rule.retries ? 'unhealthy' : before.Status;
  return { Status, FailingStreak, Log };
}

/** Probes until `signal` aborts; the verdict is in the record and, when it changes, among the events. */
export function watchHealth(room: Room, record: ContainerRecord, signal: AbortSignal): void {
  const check = record.config.Healthcheck;
  const command = probeCommand(check, record.config.Shell ?? ['/bin/sh', '-c']);
  if (!check || command === undefined) return;
  room.store.update(record.id, { health: { Status: 'starting', FailingStreak: 0, Log: [] } });
  void probeForEver(room, record.id, { check, command, signal }).catch((thrown: unknown) => {
    if (!signal.aborted) room.warn(`health check of container ${record.id}: ${messageOf(thrown)}`);
  });
}

interface Watch {
  check: Healthcheck;
  command: string[];
  signal: AbortSignal;
}

async function probeForEver(room: Room, id: string, watch: Watch): Promise<void> {
  const { check, signal } = watch;
  const startMs = performance.now();
  const startPeriodMs = (check.StartPeriod ?? 0) / nanosPerMs;
  const inStart = (): boolean =>
    performance.now() - startMs < startPeriodMs && room.store.require(id).health?.Status === 'starting';
  for (;;) {
    const interval = inStart()
      ? (check.StartInterval ?? 0) / nanosPerMs || defaults.startIntervalMs
      : (check.Interval ?? 0) / nanosPerMs || defaults.intervalMs;
    await sleep(interval, undefined, { signal, ref: false });
    const record = room.store.get(id);
    if (record?.phase !== 'running' || signal.aborted) continue;
    const starting = performance.now() - startMs < startPeriodMs;
    const result = await probe(room, record, watch);
    if (signal.aborted) return;
    note(room, id, result, { retries: check.Retries || defaults.retries, starting });
  }
}

function note(room: Room, id: string, result: Result, rule: { retries: number; starting: boolean }): void {
  const record = room.store.get(id);
  if (record?.health === undefined) return;
  const health = judge(record.health, result, rule);
  const after = room.store.update(id, { health });
  if (health.Status !== record.health.Status) announce(room, after, `health_status: ${health.Status}`);
}

async function probe(room: Room, record: ContainerRecord, watch: Watch): Promise<Result> {
  const Start = nowRfc3339Nano();
  const timeoutMs = (watch.check.Timeout ?? 0) / nanosPerMs || defaults.timeoutMs;
  let output = '';
  let isCut = false;
  const told = (ExitCode: number): Result => ({ Start, End: nowRfc3339Nano(), ExitCode, Output: output });
  try {
    await using session = await runSession(room, record, { Cmd: watch.command }, {});
    const reading = (async () => {
      for await (const { data } of session.output) {
        const left = longestOutput - output.length;
        const piece = data.toString('utf8');
        isCut ||= piece.length > left;
        output += piece.slice(0, left);
      }
    })();
    const late = sleep(timeoutMs, 'late' as const, { signal: watch.signal, ref: false });
    const exitCode = await Promise.race([session.exit, late]);
    if (exitCode === 'late') {
      output = `Health check exceeded timeout (${formatDuration(timeoutMs * nanosPerMs)})`;
      killProbe(session.pid());
      return told(-1);
    }
    await Promise.race([reading, sleep(100, undefined, { ref: false })]);
    if (isCut) output += '...';
    return told(exitCode);
  } catch (thrown) {
    output = messageOf(thrown);
    return told(-1);
  }
}

function killProbe(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}
