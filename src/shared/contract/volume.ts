// Volumes as the Docker Engine API (v1.51) speaks of them.
import type { FileFacts } from '#shared/contract/file.ts';

/** Body of `POST /volumes/create`. */
export interface VolumeCreateRequest {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}

/** Answer of `GET /volumes/{name}`. */
export interface VolumeInspect {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt: string;
  Labels: Record<string, string> | null;
  Scope: 'local';
  Options: Record<string, string> | null;
  UsageData?: { Size: number; RefCount: number };
}

/** A file in a volume: Wharf's own, of `GET /volumes/{name}/files`. */
export interface VolumeFile extends FileFacts {
  /** Its name in its folder; of the listed place itself, its path in the volume. */
  Name: string;
}

/** A place in a volume, and what is in it where it is a folder. */
export interface VolumeListing extends VolumeFile {
  Entries: VolumeFile[];
}

/** How much a volume holds and who has it: Wharf's own, of `GET /volumes/{name}/usage`. */
export interface VolumeUsage {
  /** Bytes on disk; -1 where they could not be counted. */
  Size: number;
  /** Names of containers, running or not. */
  UsedBy: string[];
}
