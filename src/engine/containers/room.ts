// What every verb on containers is given: the rooms below, and this room's own nouns.
import { join } from 'node:path';
import type { EventLog } from '#engine/events.ts';
import type { Images } from '#engine/images/images.ts';
import type { Networks } from '#engine/networks/networks.ts';
import type { Volumes } from '#engine/volumes/volumes.ts';
import type { Runtime } from '#runtime/task.ts';
import { KeyedLock } from '#shared/lock.ts';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import { LiveContainers } from './record/live.ts';
import { type ContainerRecord, eventAttributes } from './record/record.ts';
import { ContainerStore } from './record/store.ts';

export interface LogLimits {
  /** A log file is rotated when it has grown past this. */
  maxSizeBytes: number;
  /** Files kept, with the one being written. */
  maxFiles: number;
}

export interface ContainerDeps {
  /** What must outlive a reboot. */
  root: string;
  /** What must not. */
  run: string;
  state: State;
  leases: Leases;
  snapshots: Snapshots;
  images: Images;
  networks: Networks;
  volumes: Volumes;
  runtime: Runtime;
  events: EventLog;
  /** For containers that do not say. */
  log: LogLimits;
  /** Tells the operator of something that went wrong where nobody waits for an answer. */
  warn(message: string): void;
}

export interface Room extends ContainerDeps {
  store: ContainerStore;
  live: LiveContainers;
  /** Held by the door, by full id, while a verb changes a container. */
  locks: KeyedLock;
  /** Work that no answer waits for; ended before the engine is closed. */
  background: Set<Promise<void>>;
  closing: boolean;
  /** Called with each settled exit, and how long until its restart policy's next try, where there is one. */
  onSettled: (ended: ContainerRecord, waitMs: number | undefined) => void;
}

export function newRoom(deps: ContainerDeps): Room {
  return {
    ...deps,
    store: new ContainerStore(deps.state),
    live: new LiveContainers(),
    locks: new KeyedLock(),
    background: new Set(),
    closing: false,
    onSettled: () => undefined,
  };
}

/** Runs `work` with nobody waiting; a failure is told to the operator. */
export function inBackground(room: Room, what: string, work: () => Promise<unknown>): Promise<void> {
  const done = work()
    .then(() => undefined)
    .catch((thrown: unknown) => room.warn(`${what}: ${thrown instanceof Error ? thrown.message : thrown}`))
    .finally(() => room.background.delete(done));
  room.background.add(done);
  return done;
}

export function announce(
  room: Room,
  record: ContainerRecord,
  action: string,
  extra: Record<string, string> = {},
): void {
  room.events.emit('container', action, record.id, { ...eventAttributes(record), ...extra });
}

export interface ContainerPaths {
  dir: string;
  hostname: string;
  hosts: string;
  resolvConf: string;
  log: string;
  /** Files of others' making that are mounted into it. */
  granted: string;
  bundle: string;
  netns: string;
  shm: string;
}

/** Where a container's files are. */
export function pathsOf(room: Pick<Room, 'root' | 'run' | 'runtime'>, id: string): ContainerPaths {
  const dir = join(room.root, 'containers', id);
  const bundle = room.runtime.bundleDir(id);
  return {
    dir,
    hostname: join(dir, 'hostname'),
    hosts: join(dir, 'hosts'),
    resolvConf: join(dir, 'resolv.conf'),
    log: join(dir, 'container.log'),
    granted: join(dir, 'granted'),
    bundle,
    netns: join(room.run, 'netns', id),
    shm: join(bundle, 'shm'),
  };
}

/** Who holds this container's leases. */
export const holderOf = (id: string): string => `container:${id}`;
