// Exec: one more process in a running container.
import { setTimeout as sleep } from 'node:timers/promises';
import { exec as execRuntime } from '#runtime/exec.ts';
import type { ExecSession } from '#runtime/exec-session.ts';
import { buildProcess } from '#runtime/spec.ts';
import { StartError } from '#runtime/start-error.ts';
import { resolveUser } from '#runtime/users.ts';
import type { ExecCreateRequest } from '#shared/contract/container.ts';
import { conflict, EngineError, invalid, notFound } from '#shared/errors.ts';
import { mergeEnv } from '#shared/notation/env.ts';
import { newId } from '#shared/notation/id.ts';
import { processEnv } from '../config/merge.ts';
import { specInputOf } from '../config/spec-input.ts';
import type { ContainerRecord } from '../record/record.ts';
import { announce, type Room } from '../room.ts';
import { type ExecRecord, keepExec } from './exec-record.ts';
import { type ContainerStream, streamOver } from './stream.ts';

export interface ExecStartOptions {
  /** Nobody reads its output; the answer comes once it runs. */
  detach?: boolean;
  /** In characters. */
  consoleSize?: { width: number; height: number };
}

/** Throws Docker's sentence where no process can be added now. */
export function assertExecutable(record: ContainerRecord): void {
  if (record.phase === 'paused') {
    throw conflict(`Container ${record.name} is paused, unpause the container before exec`);
  }
  if (record.phase === 'restarting') {
    throw conflict(`container ${record.id} is restarting, wait until the container is running`);
  }
  if (record.phase !== 'running') throw conflict(`container ${record.id} is not running`);
}

/** The id of a session that can be started once. */
export function createExec(room: Room, record: ContainerRecord, request: ExecCreateRequest): string {
  assertExecutable(record);
  if ((request.Cmd ?? []).length === 0) throw invalid('No exec command specified');
  room.runtime.expectStart();
  if (request.Tty !== true) room.runtime.execsAhead.expect(record.id, request.AttachStdin ?? false);
  const id = newId();
  const exec: ExecRecord = {
    id,
    containerId: record.id,
    request,
    phase: 'created',
    exitCode: null,
    pid: 0,
  };
  keepExec(room.live.of(record.id).execs, exec);
  announce(room, record, `exec_create: ${(request.Cmd ?? []).join(' ')}`, { execID: id });
  return id;
}

/** Throws `not-found` with Docker's sentence. */
export function findExec(room: Room, id: string): ExecRecord {
  for (const live of room.live.all()) {
    const found = live.execs.get(id);
    if (found !== undefined) return found;
  }
  throw notFound(`No such exec instance: ${id}`);
}

/**
 * Starts a session; its stream is the caller's to dispose. Throws a `StartError` where the program cannot be run,
 * as far as that is known before it has run.
 */
export async function startExec(
  room: Room,
  exec: ExecRecord,
  options: ExecStartOptions,
): Promise<ContainerStream> {
  const record = room.store.require(exec.containerId);
  if (exec.phase === 'ended') throw conflict(`exec session ${exec.id} has already run`);
  if (exec.phase !== 'created') throw conflict(`exec session ${exec.id} is already running`);
  assertExecutable(record);
  exec.phase = 'starting';
  try {
    const session = await runSession(room, record, exec.request, options);
    const ended = follow(room, record, exec, session);
    if (options.detach === true) await untilItRuns(session);
    const connection = Promise.resolve(session);
    return streamOver(connection, { tty: exec.request.Tty ?? false, left: new AbortController(), ended });
  } catch (thrown) {
    exec.phase = 'ended';
    exec.exitCode = exitCodeIn(thrown);
    // What is wrong with the session, such as its user, is shown where its output would be.
    if (thrown instanceof EngineError && thrown.kind === 'invalid' && !('exitCode' in thrown))
      throw new StartError(thrown.message, 126);
    throw thrown;
  }
}

const lookEveryMs = 5;

/** Nobody will read why it could not be run: that is the answer. Throws a `StartError`. */
async function untilItRuns(session: ExecSession): Promise<void> {
  const over = session.exit.then(() => true);
  const later = (): Promise<boolean> => sleep(lookEveryMs, false, { ref: false });
  while (session.pid() === 0) if (await Promise.race([over, later()])) return;
}

function exitCodeIn(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null || !('exitCode' in thrown)) return 126;
  return Number(thrown.exitCode);
}

/** Resolves once the record knows how the session ended. */
function follow(room: Room, record: ContainerRecord, exec: ExecRecord, session: ExecSession): Promise<void> {
  exec.phase = 'running';
  exec.session = session;
  announce(room, record, `exec_start: ${(exec.request.Cmd ?? []).join(' ')}`, { execID: exec.id });
  const ended = (exitCode: number): void => {
    exec.phase = 'ended';
    exec.exitCode = exitCode;
    exec.pid = session.pid();
    delete exec.session;
    if (exec.request.Tty !== true)
      room.runtime.execsAhead.expectAnother(record.id, exec.request.AttachStdin ?? false);
    announce(room, record, 'exec_die', { execID: exec.id, exitCode: String(exitCode) });
  };
  return session.exit.then(ended, (thrown: unknown) => ended(exitCodeIn(thrown)));
}

/** Runs a process in a container; also what health checks are made of. */
export async function runSession(
  room: Room,
  record: ContainerRecord,
  request: ExecCreateRequest,
  options: ExecStartOptions,
): Promise<ExecSession> {
  const { config } = record;
  const rootfs = room.snapshots.mount(record.id);
  const user = resolveUser(rootfs, request.User || config.User || '', record.hostConfig.GroupAdd ?? []);
  const base = specInputOf(room, record, {
    rootfs,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.gids },
    home: user.home,
    network: 'private',
    staged: new Map(),
  });
  const { init: _, consoleSize: __, ...input } = base;
  const tty = request.Tty ?? false;
  const size = options.consoleSize ?? consoleOf(request);
  const env = processEnv(config, config.Hostname ?? '', user.home);
  return await execRuntime(room.runtime, {
    id: record.id,
    process: buildProcess({
      ...input,
      args: request.Cmd ?? [],
      env: mergeEnv(tty ? ['TERM=xterm', ...env] : env, request.Env ?? []),
      cwd: request.WorkingDir || config.WorkingDir || '/',
      tty,
      privileged: request.Privileged ?? input.privileged ?? false,
      ...(size === undefined ? {} : { consoleSize: size }),
    }),
    stdin: request.AttachStdin ?? false,
    detach: options.detach ?? false,
  });
}

function consoleOf(request: ExecCreateRequest): { width: number; height: number } | undefined {
  const [height = 0, width = 0] = request.ConsoleSize ?? [];
  return height > 0 && width > 0 ? { height, width } : undefined;
}
