// What the verbs of this room share.
import type { EventLog } from '#engine/events.ts';
import type { KeyedLock } from '#shared/lock.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import type { VolumeRecord } from './record.ts';

export interface VolumeRoom {
  /** The folder that has a folder for each volume. */
  dir: string;
  records: Collection<VolumeRecord>;
  state: State;
  leases: Leases;
  events: EventLog;
  lock: KeyedLock;
  mountTimeoutMs: number;
  /** The name of a container, for messages; undefined where it is not known. */
  containerName(id: string): string | undefined;
}
