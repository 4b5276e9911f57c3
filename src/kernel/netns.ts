// Network namespaces: made, kept by a bind mount, entered for one synchronous piece of work, removed.
import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { unmount } from '#kernel/mounts.ts';
import { upRequest } from '#kernel/netlink/links.ts';
import { NetlinkSocket } from '#kernel/netlink/socket.ts';
import { CLONE, MS, mount, setns, unshare } from '#kernel/syscalls.ts';
import { codeOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

const ownNetns = '/proc/thread-self/ns/net';

/**
 * Afterwards `path` is a file on which a network namespace of its own is mounted, with its loopback up. One
 * that is there already stays as it is. Costs about 1 ms; synchronous, because a namespace belongs to a thread.
 */
export function ensureNetns(path: string): void {
  if (isNetns(path)) return;
  makeFolders(mkdirSync, dirname(path));
  closeSync(openSync(path, 'w'));
  const home = openSync(ownNetns, 'r');
  try {
    unshare(CLONE.NEWNET);
    mount(ownNetns, path, '', MS.BIND);
    ensureLoopbackUp();
  } catch (thrown) {
    removeNetns(path);
    throw thrown;
  } finally {
    goHome(home);
  }
}

/** Afterwards the loopback of this thread's namespace is up. */
export function ensureLoopbackUp(): void {
  using socket = new NetlinkSocket();
  // The loopback is link 1 of every namespace.
  socket.change('set lo up', [upRequest(1)]);
}

// Going on in a foreign namespace would be worse than ending: every later rule and socket would go astray.
function goHome(home: number): void {
  try {
    setns(home, CLONE.NEWNET);
  } catch (thrown) {
    console.error('the own network namespace is lost:', thrown);
    process.abort();
  }
  closeSync(home);
}

/** Whether a namespace is mounted at `path`. */
export function isNetns(path: string): boolean {
  try {
    // Namespace files live on nsfs, a filesystem of its own, so the device differs from the folder's.
    return statSync(path).dev !== statSync(dirname(path)).dev;
  } catch {
    return false;
  }
}

/** Afterwards nothing is at `path`; the namespace ends with its last process, and its links with it. */
export function removeNetns(path: string): void {
  unmount(path);
  if (isNetns(path)) unmount(path);
  rmSync(path, { force: true });
}

/** Runs `work` with this thread inside the namespace at `path`, and comes back whatever happens. */
export function inNetns<T>(path: string, work: () => T): T {
  const there = openSync(path, 'r');
  const home = openSync(ownNetns, 'r');
  try {
    setns(there, CLONE.NEWNET);
    return work();
  } finally {
    closeSync(there);
    goHome(home);
  }
}

/** Whether two paths are the same namespace; false where one is missing. */
export function sameNetns(one: string, other: string): boolean {
  try {
    const [left, right] = [statSync(one), statSync(other)];
    return left.ino === right.ino && left.dev === right.dev;
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
