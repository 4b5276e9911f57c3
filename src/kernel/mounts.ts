// Mounting, unmounting and looking at what is mounted.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { release as kernelRelease } from 'node:os';
import { dirname } from 'node:path';
import { MS, mount, mountFlagsAt, mountSetattr, UMOUNT, umount2 } from '#kernel/syscalls.ts';
import { codeOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';

export interface MountEntry {
  id: number;
  parentId: number;
  /** `major:minor` of the filesystem. */
  device: string;
  /** The path inside the filesystem that is mounted here; not `/` for a bind mount of a subdirectory. */
  root: string;
  target: string;
  type: string;
  source: string;
  /** Per-mount and per-filesystem options, together. */
  options: string[];
  /** `shared:N`, `master:N`, `unbindable`; empty where the mount is private. */
  propagation: string[];
}

export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';

export interface BindOptions {
  readOnly?: boolean;
  /** Default true: mounts below the source come along. */
  recursive?: boolean;
  propagation?: Propagation;
}

/** Mounts `source` (file or directory) at `target`, which must exist and be of the same kind. */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  const recursive = options.recursive ?? true;
  mount(source, target, '', MS.BIND | (recursive ? MS.REC : 0));
  if (options.propagation !== undefined) setPropagation(target, options.propagation);
  if (options.readOnly) makeReadOnly(target, recursive);
}

function makeReadOnly(target: string, recursive: boolean): void {
  try {
    mountSetattr(target, { set: 1, recursive });
  } catch (thrown) {
    // Kernels before 5.12 have no mount_setattr; the old way reaches the topmost mount only.
    if (codeOf(thrown) !== 'ENOSYS') throw thrown;
    mount('none', target, '', MS.REMOUNT | MS.BIND | MS.RDONLY);
  }
}

/** Changes how mounts made later spread to and from `target`. */
export function setPropagation(target: string, propagation: Propagation): void {
  const kinds = { private: MS.PRIVATE, shared: MS.SHARED, slave: MS.SLAVE };
  const recursive = propagation.startsWith('r');
  const kind = (recursive ? propagation.slice(1) : propagation) as keyof typeof kinds;
  mount('none', target, '', kinds[kind] | (recursive ? MS.REC : 0));
}

/** Mounts a tmpfs at `target`, an existing directory. `mode` is numeric (0o1777); further options as in tmpfs(5). */
export function mountTmpfs(
  target: string,
  options: { sizeBytes?: number; mode?: number; options?: string[] } = {},
): void {
  const words = [...(options.options ?? [])];
  if (options.sizeBytes !== undefined) words.push(`size=${options.sizeBytes}`);
  if (options.mode !== undefined) words.push(`mode=${options.mode.toString(8)}`);
  mount('tmpfs', target, 'tmpfs', MS.NOSUID | MS.NODEV, words.join(','));
}

/** Afterwards nothing is mounted at `target` (one layer is taken off); not mounted or not there is fine. */
export function unmount(target: string): void {
  try {
    umount2(target, UMOUNT.NOFOLLOW);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'EINVAL' || code === 'ENOENT') return;
    if (code !== 'EBUSY') throw thrown;
    umount2(target, UMOUNT.NOFOLLOW | UMOUNT.DETACH);
  }
}

/** All mounts at or below `dir` are gone, the deepest first; `dir` itself stays. */
export function unmountUnder(dir: string): void {
  const inside = observeMounts().filter(({ target }) => target === dir || target.startsWith(`${dir}/`));
  for (const { target } of inside.reverse()) unmount(target);
}

/** What is mounted in this process's mount namespace, in the order it was mounted. */
export function observeMounts(source = '/proc/self/mountinfo'): MountEntry[] {
  const lines = readFileSync(source, 'utf8').split('\n');
  return lines.flatMap((line) => parseMountInfo(line) ?? []);
}

/** The mount that `path`, which is there, is on, and how it passes mounts on. */
export function mountOf(path: string): MountEntry | undefined {
  const real = realpathSync(path);
  const above = observeMounts().filter(
    ({ target }) => target === '/' || real === target || real.startsWith(`${target}/`),
  );
  // Of several at one place the last one is seen.
  return above.reduce<MountEntry | undefined>(
    (best, entry) => (best === undefined || entry.target.length >= best.target.length ? entry : best),
    undefined,
  );
}

/** Whether something is mounted exactly at `path`. */
export function isMountPoint(path: string): boolean {
  try {
    if (statSync(path).dev !== statSync(dirname(path)).dev) return true;
  } catch {
    return false;
  }
  return observeMounts().some(({ target }) => target === path);
}

/** What the mount that `path` is on does not allow: `ro`, `nosuid`, `nodev`, `noexec`. Nothing where it is not there. */
export function limitsAt(path: string): string[] {
  try {
    const flags = mountFlagsAt(path);
    return limitWords.filter(([, flag]) => (flags & flag) !== 0).map(([word]) => word);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw thrown;
  }
}

const limitWords: [string, number][] = [
  ['ro', MS.RDONLY],
  ['nosuid', MS.NOSUID],
  ['nodev', MS.NODEV],
  ['noexec', MS.NOEXEC],
];

/** Whether `rro` can be had: read-only for a mount with all mounts below it (mount_setattr(2), Linux 5.12). */
export function canMountReadOnlyBelow(release = kernelRelease()): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return major > 5 || (major === 5 && minor >= 12);
}

/** Makes what a bind mount of `source` needs as its target: a directory, or an empty file. */
export function ensureMountTarget(target: string, kind: 'directory' | 'file'): void {
  if (kind === 'directory') {
    makeFolders(mkdirSync, target);
    return;
  }
  if (existsSync(target)) return;
  makeFolders(mkdirSync, dirname(target));
  closeSync(openSync(target, 'a'));
}

/** One line of /proc/PID/mountinfo (proc(5)); undefined for anything else. */
export function parseMountInfo(line: string): MountEntry | undefined {
  const [front = '', back] = line.split(' - ');
  if (back === undefined) return undefined;
  const [id = '', parent = '', device = '', root = '', target = '', own = '', ...tags] = front.split(' ');
  const [type = '', source = '', shared = ''] = back.split(' ');
  return {
    id: Number(id),
    parentId: Number(parent),
    device,
    root: unescapePath(root),
    target: unescapePath(target),
    type,
    source: unescapePath(source),
    options: [...own.split(','), ...shared.split(',').filter((word) => word !== 'rw' && word !== 'ro')],
    propagation: tags,
  };
}

const unescapePath = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
