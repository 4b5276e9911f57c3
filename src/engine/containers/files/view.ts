// The files of a container that does not run, as it would see them: its root with its volumes, binds and images in it.
import { closeSync, existsSync, fstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bindMount, ensureMountTarget, setPropagation, unmountUnder } from '#kernel/mounts.ts';
import { openInRoot, pathInRoot } from '#kernel/root-path.ts';
import { codeOf, EngineError } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { mountReadOnly } from '#storage/snapshots/read-only.ts';
import { type ContainerMount, type ContainerRecord, isUp } from '../record/record.ts';
import type { Room } from '../room.ts';

let views = 0;
const viewsDir = (room: Pick<Room, 'run'>): string => join(room.run, 'views');

/** Afterwards volumes that are a mount of their own are mounted. Call before `mountView`, which waits for nothing. */
export async function readyVolumes(room: Room, record: ContainerRecord): Promise<void> {
  if (isUp(record)) return;
  for (const { Type, Name } of record.mounts) {
    if (Type !== 'volume' || Name === undefined) continue;
    try {
      await room.volumes.mountFor(record.id, Name);
    } catch (thrown) {
      // A volume that is gone has no files; all else can be had.
      if (!(thrown instanceof EngineError && thrown.kind === 'not-found')) throw thrown;
    }
  }
}

/**
 * Mounts `rootfs` with what the container has in it, but for tmpfs, which begin empty. What is missing on the host is
 * left out. Disposing unmounts it.
 */
export function mountView(
  room: Room,
  record: ContainerRecord,
  rootfs: string,
): { root: string } & Disposable {
  const dir = join(viewsDir(room), `${record.id.slice(0, 12)}-${++views}`);
  const root = join(dir, 'root');
  makeFolders(mkdirSync, root, 0o700);
  const view = { root, [Symbol.dispose]: () => discard(dir) };
  try {
    bindMount(rootfs, root, { recursive: false });
    setPropagation(root, 'private');
    const inRoot: string[] = [];
    for (const [index, mount] of record.mounts.entries()) {
      if (mount.Type === 'tmpfs') continue;
      const target = mount.Destination;
      const isNested = inRoot.some((at) => target.startsWith(`${at}/`));
      inRoot.push(target);
      unlessMissing(() => {
        const staged = stage(room, mount, join(dir, String(index)));
        if (staged !== undefined) place(staged, target, { root, isNested });
      });
    }
    return view;
  } catch (thrown) {
    view[Symbol.dispose]();
    throw thrown;
  }
}

/** Where the mount's files are, to be opened without a look at links that somebody may exchange. */
function rootOf(room: Room, mount: ContainerMount, dir: string): string | undefined {
  if (mount.Type !== 'image') return existsSync(mount.Source) ? mount.Source : undefined;
  mkdirSync(dir);
  return mountReadOnly(room.snapshots.lowersOf(mount.chainId ?? null), dir).path;
}

/** What is mounted, at a place of its own, as writable as the container has it; undefined where it is not there. */
function stage(room: Room, mount: ContainerMount, dir: string): Staged | undefined {
  const source = rootOf(room, mount, `${dir}-image`);
  if (source === undefined) return undefined;
  const from = openInRoot(source, mount.subpath ?? '');
  try {
    const kind = fstatSync(from).isDirectory() ? 'directory' : 'file';
    ensureMountTarget(dir, kind);
    bindMount(`/proc/self/fd/${from}`, dir, { readOnly: !mount.RW, propagation: 'rprivate' });
    return { path: dir, kind };
  } finally {
    closeSync(from);
  }
}

interface Staged {
  path: string;
  kind: 'directory' | 'file';
}

/** Where the container has it; a place that is missing is made in its own root only. */
function place({ path, kind }: Staged, target: string, { root, isNested }: Where): void {
  if (!isNested) ensureMountTarget(pathInRoot(root, target), kind);
  const to = openInRoot(root, target);
  try {
    bindMount(path, `/proc/self/fd/${to}`);
  } finally {
    closeSync(to);
  }
}

interface Where {
  root: string;
  /** Below another mount, where others may be writing. */
  isNested: boolean;
}

function unlessMissing(work: () => void): void {
  try {
    work();
  } catch (thrown) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(thrown) ?? '')) throw thrown;
  }
}

// Never with what is in it: that is the user's.
function discard(dir: string): void {
  unmountUnder(dir);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) rmdirSync(join(dir, entry.name));
    else unlinkSync(join(dir, entry.name));
  }
  rmdirSync(dir);
}

/** After a crash: what was looked at then is unmounted. */
export function discardViews(room: Pick<Room, 'run'>): void {
  if (!existsSync(viewsDir(room))) return;
  for (const name of readdirSync(viewsDir(room))) discard(join(viewsDir(room), name));
}
