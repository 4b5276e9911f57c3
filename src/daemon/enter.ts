// The daemon's way into the private mounts of hybrid cgroup hosts: those of its living containers, if any.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { enterPrivateMounts } from '#kernel/enter.ts';

/**
 * Returns once this process sees the mounts it shall work in; on a hybrid host by starting itself again, with the
 * same pid. Containers that outlived an earlier daemon have their overlays in its mounts, so those are joined.
 */
export function enterMounts(run: string): void {
  const [program = process.execPath, ...rest] = process.argv;
  const joinPid = findMonitor(join(run, 'c'));
  enterPrivateMounts({
    ...(joinPid === undefined ? {} : { joinPid }),
    argv: [program, ...process.execArgv, ...rest],
    env: process.env,
  });
}

/** The pid of a living conmon: the parent of a container's process, which the bundle's `pid` file names. */
export function findMonitor(bundles: string): number | undefined {
  for (const id of namesIn(bundles)) {
    const monitor = parentOf(read(join(bundles, id, 'pid')).trim());
    if (monitor !== undefined && read(`/proc/${monitor}/comm`).trim() === 'conmon') return monitor;
  }
  return undefined;
}

function parentOf(pid: string): number | undefined {
  if (!/^[1-9]\d*$/.test(pid)) return undefined;
  const parent = /^PPid:\s*(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
