// Mounts that show other owners than the file system has (id-mapped mounts, Linux 5.12).

import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { startProgram } from '#kernel/spawn.ts';
import { cloneTree, mapMountOwners, moveMount } from '#kernel/syscalls.ts';

export interface Owner {
  uid: number;
  gid: number;
}

/** One line of /proc/PID/uid_map: first id on disk, first id as it is seen, how many. */
type Extent = readonly [onDisk: number, seen: number, count: number];

// The last id, -1, is nobody's.
const idCount = 0xffffffff;

/** Every id is itself, but `one` and `other` are exchanged. */
export function exchangeOf(one: number, other: number): Extent[] {
  if (one === other) return [[0, 0, idCount]];
  const low = Math.min(one, other);
  const high = Math.max(one, other);
  const extents: Extent[] = [
    [0, 0, low],
    [low, high, 1],
    [low + 1, low + 1, high - low - 1],
    [high, low, 1],
    [high + 1, high + 1, idCount - high - 1],
  ];
  return extents.filter(([, , count]) => count > 0);
}

/**
 * Afterwards `source`, with all mounted below it, is mounted at `target` too, and what belongs to `onDisk` there is
 * seen as belonging to `seen`, and the other way round; so are files that are made through it. Throws SyscallError
 * `EINVAL` where the file system cannot, `ENOSYS` where the kernel is older.
 */
export async function mountMapped(
  source: string,
  target: string,
  owners: { onDisk: Owner; seen: Owner },
): Promise<void> {
  const { onDisk, seen } = owners;
  const namespace = await openUserNamespace(
    exchangeOf(onDisk.uid, seen.uid),
    exchangeOf(onDisk.gid, seen.gid),
  );
  try {
    const tree = cloneTree(source);
    try {
      mapMountOwners(tree, namespace);
      moveMount(tree, target);
    } finally {
      closeSync(tree);
    }
  } finally {
    closeSync(namespace);
  }
}

/** A user namespace with these maps, kept by its descriptor alone; the caller closes it. */
async function openUserNamespace(uids: Extent[], gids: Extent[]): Promise<number> {
  // A process of several threads cannot unshare its own; the echo tells that the child has.
  const child = startProgram('unshare', ['--user', '--', 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  try {
    child.stdin?.write('?');
    await Promise.race([child.stdout === null ? ended : once(child.stdout, 'data'), ended]);
    writeFileSync(`/proc/${child.pid}/uid_map`, textOf(uids));
    writeFileSync(`/proc/${child.pid}/gid_map`, textOf(gids));
    return openSync(`/proc/${child.pid}/ns/user`, 'r');
  } finally {
    child.stdin?.end();
    await ended;
  }
}

const textOf = (extents: Extent[]): string => extents.map((extent) => `${extent.join(' ')}\n`).join('');
