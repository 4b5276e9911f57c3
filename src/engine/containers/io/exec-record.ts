// Exec sessions as `inspect` knows them: kept until the container goes, the latest hundred of them.
import type { ExecCreateRequest, ExecInspect } from '#shared/contract/container.ts';

const mostKept = 100;

/** The runtime's session, as far as others than its starter need it. */
export interface RunningExec {
  /** 0 until it is known. */
  pid(): number;
  resize(size: { width: number; height: number }): Promise<unknown>;
}

export interface ExecRecord {
  id: string;
  containerId: string;
  request: ExecCreateRequest;
  phase: 'created' | 'starting' | 'running' | 'ended';
  exitCode: number | null;
  pid: number;
  session?: RunningExec;
}

/** Remembers a session; the oldest ended ones beyond the bound are forgotten. */
export function keepExec(execs: Map<string, ExecRecord>, record: ExecRecord): void {
  execs.set(record.id, record);
  for (const old of execs.values()) {
    if (execs.size <= mostKept) break;
    if (old.phase === 'ended') execs.delete(old.id);
  }
}

/** The container ended, and every session in it. */
export function endExecs(execs: ReadonlyMap<string, ExecRecord>): void {
  for (const record of execs.values()) {
    if (record.phase !== 'running' && record.phase !== 'starting') continue;
    record.phase = 'ended';
    record.exitCode ??= 137;
    delete record.session;
  }
}

/** Answer of `GET /exec/{id}/json`. */
export function inspectOf(record: ExecRecord): ExecInspect {
  const { request } = record;
  const [entrypoint = '', ...args] = request.Cmd ?? [];
  return {
    ID: record.id,
    Running: record.phase === 'running' || record.phase === 'starting',
    ExitCode: record.exitCode,
    ProcessConfig: {
      tty: request.Tty ?? false,
      entrypoint,
      arguments: args,
      privileged: request.Privileged ?? false,
      ...(request.User ? { user: request.User } : {}),
    },
    OpenStdin: request.AttachStdin ?? false,
    OpenStderr: request.AttachStderr ?? false,
    OpenStdout: request.AttachStdout ?? false,
    CanRemove: false,
    ContainerID: record.containerId,
    DetachKeys: request.DetachKeys ?? '',
    Pid: record.session?.pid() ?? record.pid,
  };
}
