// Remove: the container is gone for everybody when the answer is given; its files go in the background.
import { rm, rmSync } from 'node:fs';
import { conflict, EngineError } from '#shared/errors.ts';
import { beginCleanup, isOnSharedNetwork } from './cleanup.ts';
import { type ContainerRecord, isUp } from './record/record.ts';
import { announce, holderOf, inBackground, pathsOf, type Room } from './room.ts';
import { terminate } from './terminate.ts';

export interface RemoveOptions {
  /** Kills what still runs. */
  force?: boolean;
  /** Takes the anonymous volumes along. */
  volumes?: boolean;
}

/** Throws `conflict` with Docker's sentences where the container runs and `force` was not said. */
export async function removeContainer(room: Room, id: string, options: RemoveOptions): Promise<void> {
  const record = room.store.require(id);
  if (record.phase === 'removing') throw conflict(`removal of container ${id} is already in progress`);
  if (options.force !== true) assertRemovable(record);
  const live = room.live.of(id);
  live.cancelRestart();
  if (isUp(record)) await terminate(room, id);
  const removing = room.store.update(id, { phase: 'removing' });
  await releaseThings(room, removing, options.volumes === true);
  room.store.hide(id);
  announce(room, removing, 'destroy');
  live.tell('removed', { exitCode: removing.exitCode, error: '' });
  live.tell('exit', { exitCode: removing.exitCode, error: '' });
  void inBackground(room, `removing container ${id}`, async () => {
    await destroyThings(room, removing, { anonymousVolumes: false });
    room.store.delete(id);
    room.live.forget(id);
  });
}

/** Throws Docker's sentences for a container that must be stopped first. */
export function assertRemovable(record: ContainerRecord): void {
  const sentence = (state: string, advice: string): Error =>
    conflict(`cannot remove container "${record.name}": container is ${state}${advice}`);
  if (record.phase === 'running')
    throw sentence('running', ': stop the container before removing or force remove');
  if (record.phase === 'paused') throw sentence('paused', ' and must be unpaused first');
  if (record.phase === 'restarting') {
    throw sentence('restarting', ': stop the container before removing or force remove');
  }
}

/** What others may ask for right after the answer: image, layers, networks, ports, volumes. The rest can wait. */
async function releaseThings(room: Room, record: ContainerRecord, anonymousVolumes: boolean): Promise<void> {
  if (isOnSharedNetwork(record)) await room.networks.detach(record.id);
  room.snapshots.remove(record.id);
  room.leases.release(holderOf(record.id));
  if (anonymousVolumes) await removeAnonymous(room, record);
}

async function removeAnonymous(room: Room, record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.anonymous !== true || mount.Name === undefined) continue;
    const name = mount.Name;
    await room.volumes.remove(name, { force: false }).catch((thrown: unknown) => {
      // Another has it by --volumes-from: it goes with that one.
      if (thrown instanceof EngineError && thrown.kind === 'conflict') return;
      room.warn(`volume ${name} of container ${record.id} stays: ${thrown}`);
    });
  }
}

/**
 * Afterwards nothing of the container is left in the kernel, on disk and among the leases; only its record.
 * Safe to repeat: also what recovery does with half-made and half-removed containers.
 */
export async function destroyThings(
  room: Room,
  record: ContainerRecord,
  options: { anonymousVolumes: boolean },
): Promise<void> {
  await beginCleanup(room, record);
  room.snapshots.remove(record.id);
  rmSync(pathsOf(room, record.id).bundle, { recursive: true, force: true });
  await new Promise<void>((resolve) => {
    rm(pathsOf(room, record.id).dir, { recursive: true, force: true }, () => resolve());
  });
  room.leases.release(holderOf(record.id));
  if (options.anonymousVolumes) await removeAnonymous(room, record);
}
