// Images as the Docker Engine API (v1.51) speaks of them.
import type { FileFacts } from '#shared/contract/file.ts';
import type { ImageRunConfig } from '#shared/oci/specs.ts';

/** One row of `GET /images/json`. `Created` in Unix seconds, sizes in bytes. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  Created: number;
  Size: number;
  SharedSize: number;
  VirtualSize: number;
  Labels: Record<string, string> | null;
  Containers: number;
}

/** Answer of `GET /images/{name}/json`. */
export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created: string;
  DockerVersion: string;
  Author: string;
  Config: ImageRunConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  Size: number;
  VirtualSize: number;
  GraphDriver: { Name: string; Data: Record<string, string> };
  RootFS: { Type: 'layers'; Layers: string[] };
  Metadata: { LastTagTime: string };
}

/** One row of `GET /images/{name}/history`. */
export interface ImageHistoryEntry {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** One row of the answer of `DELETE /images/{name}`. */
export interface ImageDeleteEntry {
  Untagged?: string;
  Deleted?: string;
}

/** One JSON line of the streams that pull, push, load and build answer with. */
export interface ProgressLine {
  status?: string;
  id?: string;
  progress?: string;
  progressDetail?: { current?: number; total?: number };
  stream?: string;
  error?: string;
  errorDetail?: { code?: number; message: string };
  aux?: unknown;
}

/** A layer of an image, the lowest first: Wharf's own, of `GET /images/{name}/layers`. */
export interface ImageLayerReport {
  DiffId: string;
  /** Of the compressed blob, where it is here. */
  Digest?: string;
  /** Bytes of its files. */
  Size: number;
  /** The instruction that made it. */
  CreatedBy: string;
  /** Files that are new, that replace one of a lower layer, and that it takes away; folders are not counted. */
  Added: number;
  Changed: number;
  Removed: number;
  /** Other images that stand on the same layers up to this one. */
  SharedWith: string[];
}

/** A file of an image: Wharf's own, of `GET /images/{name}/files`. */
export interface ImageFile extends FileFacts {
  Path: string;
  /** Number of the layer it is from; the lowest is 1. */
  Layer: number;
}

/** A difference between two images: Wharf's own, of `GET /images/{name}/diff`. */
export interface ImageDifference {
  Path: string;
  Kind: 'added' | 'removed' | 'changed';
  /** What differs about a changed one: `content`, `mode`, `owner`, `type`, `target`. */
  What?: string[];
  /** Bytes before and after, where there is such a file. */
  SizeBefore?: number;
  SizeAfter?: number;
}
