// What the verbs of this room share: the stores they work on, and who uses an image.
import type { EventLog } from '#engine/events.ts';
import type { RegistryClient } from '#registry/registry.ts';
import type { ContentStore } from '#storage/content/content.ts';
import type { Snapshots } from '#storage/snapshots/snapshots.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import type { ImageUser } from './record.ts';
import type { ImageStore } from './store.ts';
import type { Slots } from './transfer/slots.ts';

export interface ImageDeps {
  state: State;
  leases: Leases;
  content: ContentStore;
  snapshots: Pick<Snapshots, 'hasLayer' | 'layer' | 'addLayer' | 'removeLayer' | 'lowersOf' | 'layerChanges'>;
  registry: RegistryClient;
  events: Pick<EventLog, 'emit'>;
  /** Containers whose image this is; none unless told. */
  usersOf?: (imageId: string) => ImageUser[];
  /** A folder for passing files; the system's temporary folder unless told. */
  scratchDir?: string;
  /** Blobs that pulls of this engine download at a time; 3 unless told. */
  downloadsAtOnce?: number;
  /** Blobs that pushes of this engine upload at a time; 5 unless told. */
  uploadsAtOnce?: number;
}

export interface ImageRoom extends Required<Omit<ImageDeps, 'downloadsAtOnce' | 'uploadsAtOnce'>> {
  store: ImageStore;
  downloads: Slots;
  uploads: Slots;
}
