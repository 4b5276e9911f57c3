// Locking a worker thread into a directory, so that no name in an archive can lead outside of it.
import { closeSync, constants, openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { CLONE, chroot, fchdir, unshare } from '#kernel/syscalls.ts';
import { internal } from '#shared/errors.ts';

let rootFd: number | undefined;

/**
 * Runs `work` with `dir` as this thread's root directory. Only in a worker thread, and `work` must be synchronous:
 * asynchronous file calls run on other threads, which keep the real root. Ends the thread where it cannot get
 * back out.
 */
export function confined<T>(dir: string, work: () => T): T {
  if (isMainThread) throw internal('the main thread must not be confined');
  const directory = constants.O_RDONLY | constants.O_DIRECTORY;
  if (rootFd === undefined) {
    unshare(CLONE.FS);
    rootFd = openSync('/', directory);
  }
  const fd = openSync(dir, directory);
  try {
    enter(fd);
    return work();
  } finally {
    closeSync(fd);
    leave(rootFd);
  }
}

function enter(fd: number): void {
  fchdir(fd);
  chroot('.');
}

function leave(root: number): void {
  try {
    enter(root);
  } catch {
    process.exit(1);
  }
}
