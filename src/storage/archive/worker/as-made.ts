// When a new file has the owner and the mode that it was made with, and when its directory has a say in them.
import { statSync } from 'node:fs';
import { llistxattr, umask } from '#kernel/syscalls.ts';
import { codeOf } from '#shared/errors.ts';
import type { TarEntry } from '../tar/entry.ts';

const setgid = 0o2000;
const defaultAcl = 'system.posix_acl_default';

/** What this thread makes in the directory is root's, with the mode it is made with. */
export function passesNothingOn(directory: string): boolean {
  const isRoot = process.geteuid?.() === 0 && process.getegid?.() === 0;
  return isRoot && (statSync(directory).mode & setgid) === 0 && !hasDefaultAcl(directory);
}

function hasDefaultAcl(directory: string): boolean {
  try {
    return llistxattr(directory).includes(defaultAcl);
  } catch (thrown) {
    return !['ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(thrown) ?? '');
  }
}

/** A directory whose group or access list goes on to what is made in it. */
export function passesOn({ mode, xattrs }: Pick<TarEntry, 'mode' | 'xattrs'>): boolean {
  return (mode & setgid) !== 0 || xattrs?.has(defaultAcl) === true;
}

/** Runs `work` with no bits of modes masked. Only in a thread that has its own mask (CLONE_FS). */
export function withoutUmask<T>(work: () => T): T {
  const before = umask(0);
  try {
    return work();
  } finally {
    umask(before);
  }
}
