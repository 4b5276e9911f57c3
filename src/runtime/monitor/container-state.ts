// What the OCI runtime wrote down about a container, and whether its process is still there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupDirs } from '#kernel/cgroups.ts';

/** crun's own record (`<root>/<id>/status`). */
export interface ContainerRecord {
  pid: number;
  /** Clock ticks since boot, tells a reused pid from ours. */
  startTicks: number;
  bundle: string;
  /** `/wharf/<id>`. */
  cgroupPath: string;
}

/** Undefined where the runtime knows no such container. */
export function readContainerRecord(stateRoot: string, id: string): ContainerRecord | undefined {
  try {
    const status: unknown = JSON.parse(readFileSync(join(stateRoot, id, 'status'), 'utf8'));
    if (typeof status !== 'object' || status === null) return undefined;
    const fields = status as Record<string, unknown>;
    return {
      pid: Number(fields['pid']),
      startTicks: Number(fields['process-start-time'] ?? 0),
      bundle: String(fields['bundle'] ?? ''),
      cgroupPath: String(fields['cgroup-path'] ?? ''),
    };
  } catch {
    return undefined;
  }
}

interface ProcessStat {
  state: string;
  parentPid: number;
  startTicks: number;
}

/** /proc/PID/stat, proc(5). Undefined: no such process. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name is in parentheses and may itself hold any character.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '?', parentPid: Number(fields[1]), startTicks: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

/** Whether the process that the record speaks of runs, and who its parent is. */
export function observeProcess(record: ContainerRecord): ProcessStat | undefined {
  const stat = record.pid > 0 ? readProcessStat(record.pid) : undefined;
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
  return record.startTicks === 0 || record.startTicks === stat.startTicks ? stat : undefined;
}

/** The name of a program that runs, at most 15 characters. */
export function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Whether all processes of a cgroup are frozen, on either version. */
export function isFrozen(cgroupPath: string): boolean {
  const dirs = cgroupDirs(cgroupPath);
  const freezer = dirs.get('freezer');
  const [path, frozen] =
    freezer === undefined
      ? [join(dirs.get('') ?? '', 'cgroup.events'), /^frozen 1$/m]
      : [join(freezer, 'freezer.state'), /^(FROZEN|FREEZING)$/m];
  try {
    return frozen.test(readFileSync(path, 'utf8'));
  } catch {
    return false;
  }
}
