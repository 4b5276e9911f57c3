// The door of the volumes room: named folders that outlive containers.
import { mkdirSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { EventLog } from '#engine/events.ts';
import type {
  VolumeCreateRequest,
  VolumeInspect,
  VolumeListing,
  VolumeUsage,
} from '#shared/contract/volume.ts';
import { KeyedLock } from '#shared/lock.ts';
import { makeFolders } from '#shared/make-folders.ts';
import type { Filters } from '#shared/notation/filter.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import { discardFillings, fillVolume } from './copy-up.ts';
import { createVolume, finishArrivals } from './create.ts';
import { type ImportOptions, importVolume, listFiles, packVolume, readFileOf } from './files.ts';
import { dataOf, inspectOf, requireVolume } from './inspect.ts';
import { listVolumes } from './list.ts';
import { isMountedVolume, mountVolume, unmountVolume, usualMountTimeoutMs } from './mount.ts';
import type { VolumeRecord } from './record.ts';
import { emptyTrash, finishRemovals, pruneVolumes, removeVolume } from './remove.ts';
import { cloneVolume, finishRenames, renameVolume } from './rename.ts';
import type { VolumeRoom } from './room.ts';
import {
  discardShelvedVolume,
  finishShelving,
  type ShelvedVolume,
  shelvedVolumeBytes,
  shelveVolume,
  unshelveVolume,
} from './shelve.ts';
import { sizesOf } from './usage.ts';
import { usersOf } from './users.ts';

export interface VolumesOptions {
  dir: string;
  state: State;
  leases: Leases;
  events: EventLog;
  /** How long a mount may take; default a minute. */
  mountTimeoutMs?: number;
}

/** Who uses a volume is told by leases: subject `volume:<name>`, holder `container:<id>`. */
export class Volumes {
  #room: VolumeRoom;

  constructor(room: VolumeRoom) {
    this.#room = room;
  }

  /** Idempotent by name. A volume with mount options is mounted when a container needs it: `mountFor`. */
  create(request: VolumeCreateRequest): Promise<VolumeInspect> {
    return this.#locked(request.Name ?? '', async () =>
      inspectOf(this.#room, createVolume(this.#room, request)),
    );
  }

  /** The plain volume of that name, made where it is missing. */
  ensure(name: string): Promise<VolumeInspect> {
    return this.create({ Name: name });
  }

  /** Throws `not-found` with Docker's sentence. */
  get(name: string): VolumeInspect {
    return inspectOf(this.#room, requireVolume(this.#room, name));
  }

  list(filters: Filters = new Map()): VolumeInspect[] {
    return listVolumes(this.#room, filters);
  }

  /** Throws `conflict` with the ids, and in the hint the names, of the containers that have it. */
  remove(name: string, options: { force?: boolean } = {}): Promise<void> {
    return this.#locked(name, async () => removeVolume(this.#room, name, options));
  }

  has(name: string): boolean {
    return this.#room.records.get(name) !== undefined;
  }

  /** As `remove`, but it can come back; see `shelveVolume`. */
  shelve(name: string, options: Parameters<typeof shelveVolume>[2]): Promise<void> {
    return this.#locked(name, async () => shelveVolume(this.#room, name, options));
  }

  unshelve(shelved: ShelvedVolume, forget: () => void): Promise<void> {
    return this.#locked(shelved.record.name, async () => unshelveVolume(this.#room, shelved, forget));
  }

  finishShelving(shelved: ShelvedVolume): void {
    finishShelving(this.#room, shelved);
  }

  async discardShelved(shelved: ShelvedVolume): Promise<void> {
    await discardShelvedVolume(this.#room, shelved);
  }

  async shelvedBytes(shelved: ShelvedVolume): Promise<number> {
    return await shelvedVolumeBytes(this.#room, shelved);
  }

  prune(filters: Filters = new Map()): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> {
    return pruneVolumes(this.#room, filters);
  }

  /** Where the volume's data are, or will be once it is mounted. Throws `not-found`. */
  path(name: string): string {
    return dataOf(this.#room, requireVolume(this.#room, name).name);
  }

  /** Before a container starts: the container's lease is held, the data are at the path that comes back. */
  mountFor(containerId: string, name: string): Promise<string> {
    return this.#locked(name, () => {
      const record = requireVolume(this.#room, name);
      this.#room.leases.hold(`volume:${name}`, `container:${containerId}`);
      return mountVolume(this.#room, record);
    });
  }

  /**
   * After a container ended: what its volume mounted is unmounted, unless `isUsed` by another that runs; the next one
   * mounts it anew, a tmpfs empty.
   */
  async release(name: string, isUsed: () => boolean): Promise<void> {
    const record = this.#room.records.get(name);
    if (record === undefined || !isMountedVolume(record)) return;
    await this.#locked(name, async () => {
      if (this.has(name) && !isUsed()) unmountVolume(this.#room, name);
    });
  }

  /** Copies the image's folder `source` into the volume if nothing is in it. */
  copyUp(name: string, source: string): Promise<void> {
    return this.#locked(name, () => fillVolume(this.#room, requireVolume(this.#room, name), source));
  }

  /** Throws `not-found` for a volume or a path that is not there. */
  listFiles(name: string, path: string): Promise<VolumeListing> {
    return this.#locked(name, () => listFiles(this.#room, requireVolume(this.#room, name), path));
  }

  /** The content of one file; the stream is the caller's to read or destroy. */
  readFile(name: string, path: string): Promise<Readable> {
    return this.#locked(name, () => readFileOf(this.#room, requireVolume(this.#room, name), path));
  }

  /** A tar of what is at `path`; the stream is the caller's to read or destroy. */
  pack(name: string, path = '/'): Promise<Readable> {
    return this.#locked(name, () => packVolume(this.#room, requireVolume(this.#room, name), path));
  }

  /** The archive's files are in the volume, made where it is missing. Throws `conflict` where it has files already. */
  import(name: string, options: ImportOptions): Promise<VolumeInspect> {
    return this.#locked(name, async () =>
      inspectOf(this.#room, await importVolume(this.#room, name, options)),
    );
  }

  /** Throws `conflict` where the new name is taken. */
  clone(name: string, newName: string): Promise<VolumeInspect> {
    return this.#lockedBoth(name, newName, async () =>
      inspectOf(this.#room, await cloneVolume(this.#room, name, newName)),
    );
  }

  /** Throws `conflict` where the new name is taken or a container has the volume. */
  rename(name: string, newName: string): Promise<VolumeInspect> {
    return this.#lockedBoth(name, newName, async () =>
      inspectOf(this.#room, renameVolume(this.#room, name, newName)),
    );
  }

  /** How much is in one volume, and the names of the containers that have it. */
  async usageOf(name: string): Promise<VolumeUsage> {
    requireVolume(this.#room, name);
    const sizes = await sizesOf(this.#room, [name]);
    const users = usersOf(this.#room, name);
    return {
      Size: sizes.get(name) ?? -1,
      UsedBy: users.map((id) => this.#room.containerName(id) ?? id.slice(0, 12)).sort(),
    };
  }

  /** Size in bytes and number of containers of every volume. */
  async usage(): Promise<VolumeInspect[]> {
    const volumes = this.list();
    const sizes = await sizesOf(
      this.#room,
      volumes.map(({ Name }) => Name),
    );
    return volumes.map((volume) => ({
      ...volume,
      UsageData: { Size: sizes.get(volume.Name) ?? -1, RefCount: usersOf(this.#room, volume.Name).length },
    }));
  }

  // Always in one order: two at once would wait for each other.
  #lockedBoth<T>(one: string, other: string, work: () => Promise<T>): Promise<T> {
    const [first = one, second = other] = [one, other].sort();
    return this.#locked(first, () => (first === second ? work() : this.#locked(second, work)));
  }

  #locked<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#room.lock.run(name, work);
  }
}

/** Opens the room at `dir`, which is made where it is missing. */
export function openVolumes(options: VolumesOptions): Volumes {
  makeFolders(mkdirSync, options.dir, 0o711);
  const containers = options.state.collection<{ name?: string }>('containers');
  const room: VolumeRoom = {
    dir: options.dir,
    records: options.state.collection<VolumeRecord>('volumes', { name: 'text', createdAt: 'text' }),
    state: options.state,
    leases: options.leases,
    events: options.events,
    lock: new KeyedLock(),
    mountTimeoutMs: options.mountTimeoutMs ?? usualMountTimeoutMs,
    containerName: (id) => containers.get(id)?.name,
  };
  finishRenames(room);
  finishArrivals(room);
  finishRemovals(room);
  discardFillings(room);
  void emptyTrash(options.dir);
  return new Volumes(room);
}
