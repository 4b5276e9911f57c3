// Mounts that the runtime cannot make by itself are made beside the container first: a place inside a volume, the
// files of an image, a folder with other owners. The runtime takes them in, then they go.
import { closeSync, fstatSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { mountMapped, type Owner } from '#kernel/files/mapped-mounts.ts';
import { bindMount, ensureMountTarget, observeMounts, unmountUnder } from '#kernel/mounts.ts';
import { openInRoot } from '#kernel/root-path.ts';
import { runOk } from '#kernel/spawn.ts';
import { codeOf, EngineError, invalid, notFound, unsupported } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { mountReadOnly } from '#storage/snapshots/read-only.ts';
import type { ContainerMount, ContainerRecord } from '../record/record.ts';
import { type ContainerPaths, pathsOf, type Room } from '../room.ts';

/** Where the runtime finds the source of a mount, by the mount's destination; what is not here is at its own source. */
export type StagedSources = ReadonlyMap<string, string>;

const needsStage = (mount: ContainerMount): boolean =>
  mount.Type === 'image' || mount.subpath !== undefined || mount.owner === 'map';

/**
 * Afterwards every mount that needs it is ready, and files are owned as asked. Call `unstage` once the runtime has
 * the mounts, or has failed.
 */
export async function stageMounts(room: Room, record: ContainerRecord, user: Owner): Promise<StagedSources> {
  const sources = new Map<string, string>();
  for (const [index, mount] of record.mounts.entries()) {
    const dir = join(stageOf(pathsOf(room, record.id)), String(index));
    if (needsStage(mount)) sources.set(mount.Destination, await stage(room, mount, { dir, user }));
    if (mount.owner === 'chown') await giveTo(user, mount, sources.get(mount.Destination) ?? mount.Source);
  }
  return sources;
}

/** Afterwards nothing staged is mounted. Cheap for containers that never needed it; safe to repeat. */
export function unstage(room: Room, record: ContainerRecord): void {
  if (record.mounts.some(needsStage)) unmountUnder(stageOf(pathsOf(room, record.id)));
}

const stageOf = (paths: ContainerPaths): string => join(paths.bundle, 'mounts');

async function stage(
  room: Room,
  mount: ContainerMount,
  { dir, user }: { dir: string; user: Owner },
): Promise<string> {
  let source = mount.Source;
  if (mount.Type === 'image') {
    source = join(dir, 'image');
    makeFolders(mkdirSync, source);
    mountReadOnly(room.snapshots.lowersOf(mount.chainId ?? null), source);
  }
  if (mount.subpath !== undefined) source = pin(mount, source, join(dir, 'part'));
  if (mount.owner !== 'map') return source;
  const target = join(dir, 'mapped');
  ensureMountTarget(target, kindOf(source));
  await mapOwner(mount, source, { target, user });
  return target;
}

/** Binds a place inside `root`: what was opened there is mounted, whatever becomes of its name. */
function pin(mount: ContainerMount, root: string, target: string): string {
  const subpath = mount.subpath ?? '';
  let descriptor: number;
  try {
    descriptor = openInRoot(root, subpath);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw notFound(
      `cannot access path ${join(mount.Name ?? mount.Source, subpath)}: no such file or directory`,
      {
        hint: `A subpath must be there before the container starts (${mount.Destination}).`,
        cause,
      },
    );
  }
  try {
    ensureMountTarget(target, fstatSync(descriptor).isDirectory() ? 'directory' : 'file');
    bindMount(`/proc/self/fd/${descriptor}`, target);
    return target;
  } finally {
    closeSync(descriptor);
  }
}

const kindOf = (path: string): 'directory' | 'file' => (lstatSync(path).isDirectory() ? 'directory' : 'file');

async function mapOwner(
  mount: ContainerMount,
  source: string,
  { target, user }: { target: string; user: Owner },
): Promise<void> {
  const { uid, gid } = lstatSync(source);
  try {
    await mountMapped(source, target, { onDisk: { uid, gid }, seen: user });
  } catch (cause) {
    const code = codeOf(cause);
    if (code !== 'EINVAL' && code !== 'ENOSYS' && code !== 'EPERM') throw cause;
    const type = observeMounts()
      .filter((entry) => source === entry.target || source.startsWith(entry.target.replace(/\/?$/, '/')))
      .at(-1)?.type;
    throw unsupported(
      `invalid mount config for type "${mount.Type}": owners cannot be mapped at ${mount.Source} (${type ?? 'this file system'}, ${code})`,
      {
        hint: 'It needs Linux 5.12 and a file system that can; `U` gives the files to the user instead.',
        cause,
      },
    );
  }
}

// Giving these away would break the host.
const hostFolders =
  /^\/(?:|bin|boot|dev|etc|home|lib|lib32|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)$/;

/** Does nothing where the top of the tree has that owner already. */
async function giveTo(user: Owner, mount: ContainerMount, source: string): Promise<void> {
  // Where a link leads is what the container gets. A part of a volume is staged: nobody exchanges it any more.
  const path = realpathSync(source);
  if (hostFolders.test(path)) {
    throw invalid(`invalid mount config for type "${mount.Type}": chown of ${mount.Source} is not allowed`, {
      hint: 'Mount a folder of your own, or leave out U.',
    });
  }
  const { uid, gid } = lstatSync(path);
  if (uid === user.uid && gid === user.gid) return;
  await runOk('chown', ['-R', '-h', '--', `${user.uid}:${user.gid}`, path]);
}
