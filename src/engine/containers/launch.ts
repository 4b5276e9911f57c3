// The hot path of a start: from a record to a running process.
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import type { Attached } from '#engine/networks/networks.ts';
import { mountTmpfs } from '#kernel/mounts.ts';
import { ensureNetns } from '#kernel/netns.ts';
import { pathInRoot } from '#kernel/root-path.ts';
import { writeBundle } from '#runtime/bundle.ts';
import { buildSpec, type NamespaceChoice } from '#runtime/spec.ts';
import type { Task } from '#runtime/task.ts';
import { resolveUser } from '#runtime/users.ts';
import { conflict, notFound } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { formatResolvConf, writeHostFiles } from './config/host-files.ts';
import { attachRequestOf } from './config/network-request.ts';
import { specInputOf } from './config/spec-input.ts';
import { stageMounts, unstage } from './config/stage.ts';
import { assertSpreads, ensureSource } from './config/volumes.ts';
import { type ContainerRecord, isUp, type Wiring } from './record/record.ts';
import { type ContainerPaths, pathsOf, type Room } from './room.ts';

export interface Launched {
  pid: number;
  wiring: Wiring;
}

/**
 * Afterwards the process of the container runs in its box. On failure things may be left in the kernel: the
 * caller cleans up.
 */
export async function launch(room: Room, record: ContainerRecord): Promise<Launched> {
  const { id } = record;
  const paths = pathsOf(room, id);
  const rootfs = room.snapshots.mount(id);
  await prepareMounts(room, record, paths);
  const user = resolveUser(rootfs, record.config.User ?? '', record.hostConfig.GroupAdd ?? []);
  ensureWorkingDir(rootfs, record);
  const staged = await stageMounts(room, record, { uid: user.uid, gid: user.gid });
  const network = beginNetwork(room, record, paths);
  const input = specInputOf(room, record, {
    rootfs,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.gids },
    home: user.home,
    staged,
    network: network.early ?? networkOf(record, await network.attach()),
  });
  writeBundle(paths.bundle, buildSpec(input));
  const creating = createTask(room, record, paths);
  // The links and rules are made while the runtime makes the box around the empty namespace.
  const [made, wired] = await Promise.allSettled([creating, network.attach()]);
  if (wired.status === 'rejected') throw wired.reason;
  if (made.status === 'rejected') throw made.reason;
  const task = made.value;
  unstage(room, record);
  const attached = wired.value;
  await room.networks.named(id);
  await room.live.of(id).tellBeforeRun();
  await room.runtime.start(id);
  const { networks, ports, sandboxKey } = attached;
  const resolvConf = formatResolvConf(attached);
  return { pid: task.pid, wiring: { networks, ports, sandboxKey, resolvConf } };
}

function createTask(room: Room, record: ContainerRecord, paths: ContainerPaths): Promise<Task> {
  return room.runtime.create({
    id: record.id,
    name: record.name,
    program: record.path,
    bundle: paths.bundle,
    logPath: record.hostConfig.LogConfig?.Type === 'none' ? null : paths.log,
    tty: record.config.Tty ?? false,
    stdin: record.config.OpenStdin ?? false,
    stdinOnce: record.config.StdinOnce ?? false,
  });
}

interface BegunNetwork {
  /** The namespace, where it can be used before the network in it is complete. */
  early: NetworkLocation | undefined;
  /** Completes the network and the files that tell of it; done once however often it is called. */
  attach(): Promise<Attached>;
}

type NetworkLocation = { path: string };

function beginNetwork(room: Room, record: ContainerRecord, paths: ContainerPaths): BegunNetwork {
  const request = attachRequestOf(room, record);
  const mode = request.networkMode;
  const shared = mode === 'host' || mode.startsWith('container:');
  for (const each of new Set([record.hostConfig.NetworkMode ?? '', mode]))
    if (each.startsWith('container:')) assertJoinable(room, each.slice('container:'.length));
  // The runtime sets network sysctls, maybe of links that are not there yet.
  const early =
    shared || Object.keys(record.hostConfig.Sysctls ?? {}).length > 0 ? undefined : { path: paths.netns };
  if (early !== undefined) {
    // The files are mounted by the runtime, and filled in their place once the addresses are known.
    for (const file of [paths.hostname, paths.hosts, paths.resolvConf]) closeSync(openSync(file, 'a', 0o644));
    ensureNetns(paths.netns);
  }
  let attaching: Promise<Attached> | undefined;
  const attachNow = async (): Promise<Attached> => {
    const attached = await room.networks.attach(request);
    writeHostFiles(record, paths, attached);
    room.networks.tellNeighbours(record.id);
    return attached;
  };
  return {
    early,
    attach: () => {
      attaching ??= attachNow();
      return attaching;
    },
  };
}

/** Throws where the container is gone, or does not run, whose network another is to share. */
function assertJoinable(room: Room, id: string): void {
  const other = room.store.get(id);
  if (other === undefined) {
    throw notFound(`No such container: ${id}`, {
      hint: 'The container whose network is to be shared was removed: make this one anew, for another.',
    });
  }
  if (isUp(other)) return;
  throw conflict(`cannot join network of a non running container: ${id}`, {
    hint: `Start it first: wharf start ${other.name}`,
  });
}

function networkOf(record: ContainerRecord, attached: Attached): NamespaceChoice {
  if (record.hostConfig.NetworkMode === 'host') return 'host';
  return { path: attached.sandboxKey };
}

async function prepareMounts(room: Room, record: ContainerRecord, paths: ContainerPaths): Promise<void> {
  for (const mount of record.mounts) {
    // A source may have gone since create.
    if (mount.Type === 'bind') {
      ensureSource(mount.Source, 'refuse');
      assertSpreads(mount);
    }
    if (mount.Type === 'volume' && mount.Name !== undefined)
      await room.volumes.mountFor(record.id, mount.Name);
  }
  if (record.hostConfig.IpcMode !== 'shareable') return;
  makeFolders(mkdirSync, paths.shm);
  mountTmpfs(paths.shm, { mode: 0o1777, sizeBytes: record.hostConfig.ShmSize ?? 67_108_864 });
}

function ensureWorkingDir(rootfs: string, record: ContainerRecord): void {
  const dir = record.config.WorkingDir;
  if (!dir || dir === '/') return;
  const path = pathInRoot(rootfs, dir);
  if (!existsSync(path)) makeFolders(mkdirSync, path, 0o755);
}
