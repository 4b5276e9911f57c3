// Control groups of both versions: usage, members, out-of-memory kills, removal.
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { readPairs, readPids } from '#kernel/cgroups/files.ts';
import { cgroupMode, cgroupPathsOf, controllerMounts } from '#kernel/cgroups/mode.ts';
import type { CgroupUsage } from '#kernel/cgroups/usage.ts';
import { readUsageV1 } from '#kernel/cgroups/v1.ts';
import { readUsageV2 } from '#kernel/cgroups/v2.ts';
import { codeOf } from '#shared/errors.ts';

export { type CgroupMode, cgroupMode, cgroupPathsOf } from '#kernel/cgroups/mode.ts';
export type { BlockEntry, CgroupUsage } from '#kernel/cgroups/usage.ts';

/** Where cgroups are mounted: controller → directory; '' is the v2 hierarchy. A parameter, so that tests can have their own. */
export type CgroupMounts = Map<string, string>;

let observed: CgroupMounts | undefined;

/** The host's, read once. */
export function hostCgroupMounts(): CgroupMounts {
  observed ??= controllerMounts();
  return observed;
}

// On a hybrid host the limits sit on v1: the v2 directory there tells nothing.
const isUnified = (mounts: CgroupMounts): boolean => mounts.size === 1 && mounts.has('');

/** The directory of a cgroup in each hierarchy. `subject` is a process, or a path as in /proc/PID/cgroup. */
export function cgroupDirs(
  subject: number | string,
  mounts: CgroupMounts = hostCgroupMounts(),
): CgroupMounts {
  const paths = typeof subject === 'number' ? cgroupPathsOf(subject) : undefined;
  const dirs: CgroupMounts = new Map();
  for (const [controller, mountedAt] of mounts) {
    const path = typeof subject === 'string' ? subject : paths?.get(controller);
    if (path !== undefined) dirs.set(controller, join(mountedAt, path));
  }
  return dirs;
}

/** What the cgroup of a process, or of that path, uses; zeros where it is gone. */
export function readUsage(subject: number | string, mounts: CgroupMounts = hostCgroupMounts()): CgroupUsage {
  const dirs = cgroupDirs(subject, mounts);
  return isUnified(mounts) ? readUsageV2(dirs.get('') ?? '/nonexistent') : readUsageV1(dirs);
}

// Any hierarchy has all members; these are the ones a runtime always joins.
const memberControllers = ['', 'freezer', 'pids', 'memory', 'name=systemd'];

/** The processes in the cgroup and below it, from whichever hierarchy has it. */
export function processesIn(path: string, mounts: CgroupMounts = hostCgroupMounts()): number[] {
  const dirs = cgroupDirs(path, mounts);
  for (const controller of memberControllers) {
    const dir = dirs.get(controller);
    if (dir !== undefined && existsSync(dir)) {
      return treeOf(dir).flatMap((each) => readPids(join(each, 'cgroup.procs')));
    }
  }
  return [];
}

// The directory and all below it, parents first.
function treeOf(dir: string): string[] {
  let names: string[];
  try {
    names = readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch {
    return [];
  }
  return [dir, ...names.flatMap((name) => treeOf(join(dir, name)))];
}

/** How many processes of the cgroup the kernel killed for want of memory. Ask before the cgroup is removed. */
export function oomKilled(path: string, mounts: CgroupMounts = hostCgroupMounts()): number {
  const dirs = cgroupDirs(path, mounts);
  if (isUnified(mounts)) return readPairs(join(dirs.get('') ?? '', 'memory.events'))['oom_kill'] ?? 0;
  return readPairs(join(dirs.get('memory') ?? '', 'memory.oom_control'))['oom_kill'] ?? 0;
}

/** Afterwards the cgroup is gone from every hierarchy. It must have no processes; throws EBUSY else. */
export function removeCgroup(path: string, mounts: CgroupMounts = hostCgroupMounts()): void {
  for (const dir of new Set(cgroupDirs(path, mounts).values())) {
    for (const each of treeOf(dir).reverse()) removeDir(each);
  }
}

function removeDir(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** Time that all CPUs together have worked or idled since boot, in nanoseconds: the divisor of CPU percentages. */
export function systemCpuNanos(): number {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  // user nice system idle iowait irq softirq steal; guest time is part of user already. Ticks of 10 ms.
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return ticks.reduce((sum, each) => sum + each, 0) * 10_000_000;
}

/** Whether limits can be read and set on the unified hierarchy alone. */
export function hasUnifiedCgroups(): boolean {
  return cgroupMode() === 'v2';
}
