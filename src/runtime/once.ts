// A process in a box from beginning to end, without monitor or log: a build step.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { quickSpawn } from '#kernel/quick-spawn.ts';
import { sendSignal } from '#kernel/syscalls.ts';
import { cancelled } from '#shared/errors.ts';
import { awaitsFilter, forgetAwaited, learnFilter } from './confine/seccomp-cache.ts';
import { readLogOf, toStartError } from './start-error.ts';
import type { Runtime } from './task.ts';

export interface OnceRequest {
  id: string;
  /** Holds `config.json`. Default `runtime.bundleDir(id)`. */
  bundle?: string;
  /** First word of the command, for error messages. */
  program?: string;
  /** 1: stdout, 2: stderr. While what it returns is pending, no more is read. */
  onOutput(stream: 1 | 2, chunk: Buffer): void | Promise<void>;
  signal?: AbortSignal;
}

const SIGKILL = 9;
const killRetryMs = 5;

/** Resolves once all that was written is with the sink. */
function forward(
  stream: Readable | undefined,
  sink: (chunk: Buffer) => void | Promise<void>,
): Promise<void> | undefined {
  if (stream === undefined) return undefined;
  stream.on('data', (chunk: Buffer) => {
    const pending = sink(chunk);
    if (pending === undefined) return;
    stream.pause();
    const go = () => void stream.resume();
    pending.then(go, go);
  });
  // A pipe that breaks closes too; what the program did is told by how it ended.
  stream.on('error', () => {});
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

function containerPid(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

/** crun forgets the compiled filter at the end, so it must be read before; most steps run long enough. */
async function learnWhileItRuns(
  runtime: Runtime,
  place: { id: string; bundle: string; pidPath: string },
  closed: Promise<void>,
): Promise<void> {
  let over = false;
  void closed.then(() => {
    over = true;
  });
  while (!over && containerPid(place.pidPath) === 0) await sleep(killRetryMs);
  if (!over) learnFilter(place.bundle, runtime.stateRoot, place.id);
  forgetAwaited(place.bundle);
}

/**
 * Runs to the end; the exit code is a value. Never ran: `StartError`. Aborted: all its processes are dead,
 * then throws `cancelled`. Nothing is left but the bundle.
 */
export async function runOnce(runtime: Runtime, request: OnceRequest): Promise<number> {
  const { id, signal } = request;
  if (signal?.aborted) throw cancelled('the step was cancelled');
  runtime.expectStart();
  const bundle = request.bundle ?? runtime.bundleDir(id);
  const logPath = join(bundle, 'runtime.log');
  const pidPath = join(bundle, 'pid');
  for (const path of [logPath, pidPath]) rmSync(path, { force: true });
  const words = [`--log=${logPath}`, 'run', '--bundle', bundle, '--pid-file', pidPath, id];
  const child = quickSpawn(runtime.runtimeProgram, [...runtime.runtimeFlags, ...words], {
    stdio: ['null', 'from', 'from'],
  });
  const [, stdout, stderr] = child.pipes;
  const read = [
    forward(stdout, (chunk) => request.onOutput(1, chunk)),
    forward(stderr, (chunk) => request.onOutput(2, chunk)),
  ];
  const closed = Promise.all([child.exit, ...read]).then(() => {});
  if (awaitsFilter(bundle)) void learnWhileItRuns(runtime, { id, bundle, pidPath }, closed);
  let ended = false;
  const kill = async () => {
    // The process may be a moment away from being born.
    while (!ended) {
      const pid = containerPid(pidPath);
      if (pid > 0) sendSignal(pid, SIGKILL);
      await sleep(killRetryMs);
    }
  };
  const onAbort = () => void kill();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const code = await child.exit;
    ended = true;
    await closed;
    if (signal?.aborted) throw cancelled('the step was cancelled');
    const said = code === 0 ? '' : readLogOf(logPath);
    if (said !== '' && containerPid(pidPath) === 0) throw toStartError('create', said, request.program ?? '');
    return code;
  } finally {
    ended = true;
    signal?.removeEventListener('abort', onAbort);
    if (signal?.aborted) await runtime.delete(id);
  }
}

/** Kills and removes what is left of steps that an engine did not live to see the end of. */
export async function cleanOnce(runtime: Runtime, ids: readonly string[]): Promise<void> {
  for (const id of ids) await runtime.delete(id);
}
