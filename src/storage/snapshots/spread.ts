// Where a file system puts folders that have nothing to do with each other.
import { closeSync, openSync } from 'node:fs';
import { bind } from '#kernel/libc.ts';

const ioctl = bind('ioctl', 'int', ['int', 'ulong', 'void *']);
const getFlags = 0x80086601;
const setFlags = 0x40086602;
/** FS_TOPDIR_FL, `chattr +T`. */
const topOfTrees = 0x00020000;

/**
 * What is made in `dir` from now on begins in another part of the disk each time, on ext4; elsewhere nothing happens.
 * Without it a new layer goes where one was deleted a moment ago, and ext4 looks at every inode that it freed in the
 * last minutes before it takes another: 20,000 files then take 18 seconds in place of one.
 */
export function spreadFolders(dir: string): void {
  withFlags(dir, (fd, flags) => {
    const [before = 0] = flags;
    flags[0] = before | topOfTrees;
    if (flags[0] !== before) ioctl(fd, setFlags, new Uint8Array(flags.buffer));
  });
}

/** Whether `spreadFolders` has been there, on a file system that knows it. */
export function areSpread(dir: string): boolean {
  let found = false;
  withFlags(dir, (_fd, [flags = 0]) => {
    found = (flags & topOfTrees) !== 0;
  });
  return found;
}

function withFlags(dir: string, use: (fd: number, flags: Uint32Array) => void): void {
  const fd = openSync(dir, 'r');
  try {
    // The kernel reads and writes an int; the call's number is that of a long.
    const flags = new Uint32Array(2);
    ioctl(fd, getFlags, new Uint8Array(flags.buffer));
    use(fd, flags);
  } catch {
    // Another file system, or one that the engine may not give hints.
  } finally {
    closeSync(fd);
  }
}
