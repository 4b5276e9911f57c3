// File capabilities (setcap) of files that are copied between stages.
import { lgetxattr, llistxattr, lsetxattr } from '#kernel/syscalls.ts';

const name = 'security.capability';

/** The copy has the capabilities of the original. */
export function copyCapabilities(from: string, to: string): void {
  if (llistxattr(from).includes(name)) lsetxattr(to, name, lgetxattr(from, name));
}
