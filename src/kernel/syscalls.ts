// Linux system calls that Node does not offer, all synchronous; each throws SyscallError when the kernel says no.
import { bind, bindNumber } from '#kernel/libc.ts';

export { SyscallError } from '#kernel/libc.ts';

/** Flags of mount(2). */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  NOATIME: 1024,
  BIND: 4096,
  MOVE: 8192,
  REC: 16384,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
} as const;

/** Flags of umount2(2). */
export const UMOUNT = { FORCE: 1, DETACH: 2, NOFOLLOW: 8 } as const;

/** Flags of unshare(2) and setns(2). */
export const CLONE = {
  FS: 0x200,
  NEWNS: 0x20000,
  NEWCGROUP: 0x2000000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWUSER: 0x10000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
} as const;

/** File type bits for mknod(2). */
export const S_IF = { FIFO: 0o010000, CHR: 0o020000, BLK: 0o060000, SOCK: 0o140000 } as const;

/** Resources of getrlimit(2), by the names that OCI and Docker use (`RLIMIT_` taken away, lower case). */
export const RLIMIT = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

const mountCall = bind('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']);
const umountCall = bind('umount2', 'int', ['str', 'int']);
const statfsCall = bind('statfs', 'int', ['str', 'void *']);
const unshareCall = bind('unshare', 'int', ['int']);
const setnsCall = bind('setns', 'int', ['int', 'int']);
const chrootCall = bind('chroot', 'int', ['str']);
const chdirCall = bind('chdir', 'int', ['str']);
const fchdirCall = bind('fchdir', 'int', ['int']);
const umaskCall = bind('umask', 'uint', ['uint']);
const mknodCall = bind('mknod', 'int', ['str', 'uint', 'uint64_t']);
const lsetxattrCall = bind('lsetxattr', 'int', ['str', 'str', 'void *', 'ulong', 'int']);
const lgetxattrCall = bind('lgetxattr', 'long', ['str', 'str', 'void *', 'ulong']);
const llistxattrCall = bind('llistxattr', 'long', ['str', 'void *', 'ulong']);
const lremovexattrCall = bind('lremovexattr', 'int', ['str', 'str']);
const execveCall = bind('execve', 'int', ['str', 'str *', 'str *']);
const killCall = bind('kill', 'int', ['int', 'int']);
const prlimitCall = bind('prlimit', 'int', ['int', 'int', 'void *', 'void *']);
const fcntlCall = bind('fcntl', 'int', ['int', 'int', 'long']);
const openTreeCall = bindNumber(428, ['int', 'str', 'uint'], 'open_tree');
const moveMountCall = bindNumber(429, ['int', 'str', 'int', 'str', 'uint'], 'move_mount');
const fsopenCall = bindNumber(430, ['str', 'uint'], 'fsopen');
const fsconfigCall = bindNumber(431, ['int', 'uint', 'str', 'str', 'int'], 'fsconfig');
const fsmountCall = bindNumber(432, ['int', 'uint', 'uint'], 'fsmount');
const mountSetattrCall = bindNumber(442, ['int', 'str', 'uint', 'void *', 'ulong'], 'mount_setattr');

/** mount(2). Empty strings stand for NULL in `type` and `data`. */
export function mount(source: string, target: string, type: string, flags: number, data = ''): void {
  mountCall(source, target, type === '' ? null : type, flags, data === '' ? null : data);
}

/** umount2(2). */
export function umount2(target: string, flags = 0): void {
  umountCall(target, flags);
}

/** The flags of the mount that `path` is on (statfs(2), `f_flags`: those of MS_RDONLY, MS_NOSUID, … and ST_RELATIME). */
export function mountFlagsAt(path: string): number {
  const found = Buffer.alloc(256);
  statfsCall(path, found);
  return Number(found.readBigUInt64LE(80));
}

/** unshare(2), for the calling thread only. */
export function unshare(flags: number): void {
  unshareCall(flags);
}

/** setns(2), for the calling thread only. `kind` is one CLONE flag, or 0 for whatever the descriptor is. */
export function setns(descriptor: number, kind: number): void {
  setnsCall(descriptor, kind);
}

/** chroot(2). The working directory stays where it was: call `chdir('/')` next. */
export function chroot(path: string): void {
  chrootCall(path);
}

/** chdir(2) for the calling thread, also in worker threads, where `process.chdir` is refused. */
export function chdir(path: string): void {
  chdirCall(path);
}

/** fchdir(2). */
export function fchdir(descriptor: number): void {
  fchdirCall(descriptor);
}

/** umask(2), for the calling thread only where it has left the others with CLONE.FS. Gives the mask before. */
export function umask(mask: number): number {
  return umaskCall(mask);
}

/** mknod(2). `mode` carries a file type of S_IF; `device` comes from `deviceNumber`. */
export function mknod(path: string, mode: number, device: number | bigint = 0): void {
  mknodCall(path, mode, device);
}

/** A device number in the layout of glibc's makedev(3). */
export function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
  );
}

/** Major and minor of a device number as stat(2) gives it. */
export function splitDeviceNumber(device: number | bigint): { major: number; minor: number } {
  const bits = BigInt(device);
  const major = ((bits >> 32n) & 0xfffff000n) | ((bits >> 8n) & 0xfffn);
  const minor = ((bits >> 12n) & 0xffffff00n) | (bits & 0xffn);
  return { major: Number(major), minor: Number(minor) };
}

/** Sets an extended attribute of the path itself, not of what a symbolic link points to. */
export function lsetxattr(path: string, name: string, value: Uint8Array): void {
  lsetxattrCall(path, name, value, value.length, 0);
}

/** The value of an extended attribute; throws ENODATA where there is none. */
export function lgetxattr(path: string, name: string): Buffer {
  return growing((buffer) => lgetxattrCall(path, name, buffer, buffer.length));
}

/** Removes an extended attribute; throws ENODATA where there is none. */
export function lremovexattr(path: string, name: string): void {
  lremovexattrCall(path, name);
}

/** The names of all extended attributes of the path itself. */
export function llistxattr(path: string): string[] {
  const names = growing((buffer) => llistxattrCall(path, buffer, buffer.length));
  return names.length === 0 ? [] : names.toString('utf8').replace(/\0$/, '').split('\0');
}

// Values are nearly always tiny, so a second call for the size is only made when the first buffer was short.
function growing(call: (buffer: Buffer) => number): Buffer {
  for (let size = 512; ; size *= 8) {
    const buffer = Buffer.alloc(size);
    try {
      return buffer.subarray(0, call(buffer));
    } catch (thrown) {
      const short = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERANGE';
      if (!short || size > 65536) throw thrown;
    }
  }
}

/** execve(2): replaces the whole process; comes back only by throwing. `env` is a list of `NAME=value`. */
export function execve(program: string, argv: string[], env: string[]): never {
  execveCall(program, [...argv, null], [...env, null]);
  throw new Error('execve came back');
}

/** kill(2) with a signal number, real-time ones too. False where no such process exists. */
export function sendSignal(pid: number, signal: number): boolean {
  try {
    killCall(pid, signal);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH') return false;
    throw thrown;
  }
}

/** A soft and a hard limit; Infinity is RLIM_INFINITY. */
export interface ResourceLimit {
  soft: number;
  hard: number;
}

const unlimited = 0xffffffffffffffffn;

/** getrlimit(2) of this process. */
export function getrlimit(resource: keyof typeof RLIMIT): ResourceLimit {
  return prlimit(0, resource);
}

/** prlimit(2): the limits a process (0 = this one) had, after giving it `next` where present. */
export function prlimit(pid: number, resource: keyof typeof RLIMIT, next?: ResourceLimit): ResourceLimit {
  const before = Buffer.alloc(16);
  prlimitCall(pid, RLIMIT[resource], next === undefined ? null : encodeLimit(next), before);
  return { soft: decodeLimit(before.readBigUInt64LE(0)), hard: decodeLimit(before.readBigUInt64LE(8)) };
}

const decodeLimit = (value: bigint): number =>
  value === unlimited ? Number.POSITIVE_INFINITY : Number(value);

function encodeLimit(limit: ResourceLimit): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(Number.isFinite(limit.soft) ? BigInt(limit.soft) : unlimited, 0);
  bytes.writeBigUInt64LE(Number.isFinite(limit.hard) ? BigInt(limit.hard) : unlimited, 8);
  return bytes;
}

/** Clears or sets FD_CLOEXEC: whether a descriptor ends at execve(2). */
export function setCloseOnExec(descriptor: number, close: boolean): void {
  fcntlCall(descriptor, 2, close ? 1 : 0);
}

/** fsopen(2) with FSOPEN_CLOEXEC; the caller closes the descriptor. */
export function fsopen(type: string): number {
  return fsopenCall(type, 1);
}

/** fsconfig(2): one string option of a filesystem context. */
export function fsconfigString(context: number, key: string, value: string): void {
  fsconfigCall(context, 1, key, value, 0);
}

/** fsconfig(2): one flag option of a filesystem context. */
export function fsconfigFlag(context: number, key: string): void {
  fsconfigCall(context, 0, key, null, 0);
}

/** fsconfig(2): makes the superblock of a filesystem context. */
export function fsconfigCreate(context: number): void {
  fsconfigCall(context, 6, null, null, 0);
}

/** fsmount(2): the mount of a finished context, attached nowhere yet; the caller closes the descriptor. */
export function fsmount(context: number): number {
  return fsmountCall(context, 1, 0);
}

/** open_tree(2): a copy of the mount at `path` with all below it, attached nowhere yet; the caller closes the descriptor. */
export function cloneTree(path: string): number {
  const cloneTreeFlag = 1;
  const closeOnExec = 0o2000000;
  const recursive = 0x8000;
  return openTreeCall(-100, path, cloneTreeFlag | closeOnExec | recursive);
}

/** mount_setattr(2) with MOUNT_ATTR_IDMAP: a detached mount, with all below it, shows owners as the user namespace maps them. */
export function mapMountOwners(detached: number, userNamespace: number): void {
  const emptyPathRecursive = 0x1000 | 0x8000;
  const bytes = Buffer.alloc(32);
  bytes.writeBigUInt64LE(0x100000n, 0);
  bytes.writeBigUInt64LE(BigInt(userNamespace), 24);
  mountSetattrCall(detached, '', emptyPathRecursive, bytes, bytes.length);
}

/** move_mount(2): attaches a detached mount at `target`. */
export function moveMount(detached: number, target: string): void {
  moveMountCall(detached, '', -100, target, 4);
}

/** Sets or clears attributes (MOUNT_ATTR_RDONLY = 1, NOSUID = 2, NODEV = 4, NOEXEC = 8) of a mount, with all below it. */
export function mountSetattr(
  target: string,
  change: { set: number; clear?: number; recursive: boolean },
): void {
  const bytes = Buffer.alloc(32);
  bytes.writeBigUInt64LE(BigInt(change.set), 0);
  bytes.writeBigUInt64LE(BigInt(change.clear ?? 0), 8);
  mountSetattrCall(-100, target, change.recursive ? 0x8000 : 0, bytes, bytes.length);
}
