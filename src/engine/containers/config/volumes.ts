// Makes planned mounts good: volumes exist and are leased, missing bind sources are made, image content copied up.
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { mountOf } from '#kernel/mounts.ts';
import { pathInRoot } from '#kernel/root-path.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import type { ContainerMount, ContainerRecord } from '../record/record.ts';
import { holderOf, type Room } from '../room.ts';
import type { PlannedMount } from './mounts.ts';

/** The record's mounts with their sources filled in. */
export async function realiseMounts(room: Room, record: ContainerRecord): Promise<ContainerMount[]> {
  const planned: PlannedMount[] = record.mounts;
  const mounts: ContainerMount[] = [];
  for (const mount of planned) mounts.push(await realise(room, record.id, mount));
  const copied = mounts.filter((mount) => mount.Type === 'volume' && mount.copyUp === true);
  if (copied.length > 0) await copyUp(room, record.id, copied);
  return mounts;
}

async function realise(room: Room, id: string, planned: PlannedMount): Promise<ContainerMount> {
  const { missingSource, volume, ...mount } = planned;
  if (mount.Type === 'bind') {
    ensureSource(mount.Source, missingSource);
    return mount;
  }
  if (mount.Type === 'image') {
    const image = room.images.resolve(mount.Source);
    room.leases.hold(`image:${image.id}`, holderOf(id));
    return { ...mount, chainId: image.chainId };
  }
  if (mount.Type !== 'volume' || mount.Name === undefined) return mount;
  // First, so that nobody removes it between its making and its use.
  room.leases.hold(`volume:${mount.Name}`, holderOf(id));
  const made = await room.volumes.create({
    Name: mount.Name,
    Driver: volume?.driver ?? mount.Driver ?? 'local',
    DriverOpts: volume?.driverOptions ?? {},
    Labels: { ...volume?.labels, ...(mount.anonymous === true ? { 'com.docker.volume.anonymous': '' } : {}) },
  });
  return { ...mount, Source: made.Mountpoint };
}

/** Throws `invalid` where the source of a `--mount` is not there; makes it a folder for `-v`. */
export function ensureSource(source: string, missing: PlannedMount['missingSource']): void {
  if (existsSync(source)) return;
  if (missing === 'refuse') {
    throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
  }
  try {
    makeFolders(mkdirSync, source, 0o755);
  } catch (cause) {
    const isLink = lstatSync(source, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    const reason = isLink ? 'it is a symbolic link that leads nowhere' : messageOf(cause);
    throw invalid(`error while creating mount source path '${source}': ${reason}`, { cause });
  }
}

/**
 * Throws `invalid`, as dockerd does, where mounts cannot spread as the bind asks: mounts made at its source later reach
 * no container, and those of the container not the host, unless the source's own mount is shared.
 */
export function assertSpreads({ Source, Propagation }: ContainerMount): void {
  if (!/shared|slave/.test(Propagation)) return;
  const found = mountOf(Source);
  if (found === undefined) return;
  const isShared = found.propagation.some((word) => word.startsWith('shared:'));
  const isSlave = found.propagation.some((word) => word.startsWith('master:'));
  const needed = Propagation.endsWith('shared') ? 'shared' : 'shared or slave';
  if (isShared || (isSlave && needed !== 'shared')) return;
  throw invalid(`path ${Source} is mounted on ${found.target} but it is not a ${needed} mount`, {
    hint: isSlave
      ? 'The engine has mounts of its own here (hybrid cgroups): rslave is what can be had.'
      : `Make it one on the host: mount --make-shared ${found.target}`,
  });
}

async function copyUp(room: Room, id: string, mounts: ContainerMount[]): Promise<void> {
  const rootfs = room.snapshots.mount(id);
  try {
    for (const mount of mounts) {
      const inImage = pathInRoot(rootfs, mount.Destination);
      if (mount.Name !== undefined && existsSync(inImage)) await room.volumes.copyUp(mount.Name, inImage);
    }
  } finally {
    room.snapshots.unmount(id);
  }
}
