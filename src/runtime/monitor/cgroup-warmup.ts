// Taking the kernel's wait out of a start: the first process that changes its cgroup waits, the next ones do not.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupDirs } from '#kernel/cgroups.ts';

/** The lock stays quick for about this long. */
const warmMs = 5;
let warmedAt = Number.NEGATIVE_INFINITY;

/**
 * Moves this process into the cgroup it is in. The kernel lets the first such move after a pause wait for an
 * RCU grace period (5–20 ms) and those shortly after it pass; so this wait goes on beside the preparations of
 * a start instead of in it. Returns at once.
 */
export function warmCgroupLock(): void {
  const now = performance.now();
  if (now - warmedAt < warmMs) return;
  warmedAt = now;
  const dir = cgroupDirs(process.pid).values().next().value;
  // "0" is the writer itself. What it answers does not matter: the lock comes first.
  if (dir !== undefined) void writeFile(join(dir, 'cgroup.procs'), '0').catch(() => {});
}
