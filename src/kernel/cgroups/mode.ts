// Which kind of cgroups the host has, and where a process is in them.
import { readFileSync } from 'node:fs';
import { type MountEntry, observeMounts } from '#kernel/mounts.ts';

export type CgroupMode = 'v1' | 'hybrid' | 'v2';

/** v2: one hierarchy at /sys/fs/cgroup. v1: controllers each at their own place. hybrid: v1 with v2 beside it. */
export function cgroupMode(mounts: MountEntry[] = observeMounts()): CgroupMode {
  const legacy = mounts.some(({ type }) => type === 'cgroup');
  const unified = mounts.some(({ type }) => type === 'cgroup2');
  if (legacy) return unified ? 'hybrid' : 'v1';
  return unified ? 'v2' : 'v1';
}

/** Where each v1 controller is mounted, and under '' the v2 hierarchy. */
export function controllerMounts(mounts: MountEntry[] = observeMounts()): Map<string, string> {
  const found = new Map<string, string>();
  for (const { type, target, options } of mounts) {
    if (type === 'cgroup2' && !found.has('')) found.set('', target);
    if (type !== 'cgroup') continue;
    for (const option of options) {
      if (controllers.has(option) && !found.has(option)) found.set(option, target);
    }
  }
  return found;
}

const controllers = new Set(
  'cpu cpuacct cpuset memory devices freezer blkio pids net_cls net_prio perf_event hugetlb rdma name=systemd'.split(
    ' ',
  ),
);

/** The lines of /proc/PID/cgroup: controller → path below its mount; '' is the v2 hierarchy. Empty where no such process is. */
export function cgroupPathsOf(pid: number): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    return new Map();
  }
  return parseCgroupPaths(text);
}

/** The text of /proc/PID/cgroup (cgroups(7)). */
export function parseCgroupPaths(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [number, names, ...path] = line.split(':');
    if (number === undefined || names === undefined || path.length === 0) continue;
    for (const name of names.split(',')) found.set(name, path.join(':'));
  }
  return found;
}
