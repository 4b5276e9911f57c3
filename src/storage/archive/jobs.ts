// What a worker thread can be asked to do, and what it answers. All of it survives a structured clone.
import type { ErrorKind } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { EntryType } from './tar/entry.ts';

export interface Owner {
  uid: number;
  gid: number;
}

export type Job =
  | {
      kind: 'unpack-layer';
      fd: number;
      target: string;
      maxBytes?: number;
      arriving?: boolean;
      /** The digest of all bytes, where it is known. */
      diffId?: Digest;
    }
  | { kind: 'pack-layer'; dir: string; fd: number | null }
  | {
      kind: 'pack-tree';
      root: string;
      path: string;
      fd: number;
      rebase?: string;
      followLinks: boolean;
      keepHoles?: boolean;
    }
  | {
      kind: 'extract-tree';
      fd: number;
      root: string;
      into: string;
      noOverwriteDirNonDir: boolean;
      chown?: Owner;
    }
  | { kind: 'extract-context'; fd: number; target: string; maxBytes?: number }
  | { kind: 'spool-files'; fd: number; target: string; maxFiles: number }
  | { kind: 'stat-tree'; root: string; path: string; followLinks: boolean }
  | { kind: 'hash'; path: string }
  | { kind: 'remove'; path: string };

export interface Unpacked {
  diffId: Digest;
  /** Bytes of file content. */
  sizeBytes: number;
}

export interface Packed {
  /** Of the plain tar. */
  diffId: Digest;
  tarBytes: number;
  /** Bytes of file content. */
  sizeBytes: number;
}

export interface ContextFile {
  type: EntryType;
  /** sha256 of the content; of files only. */
  digest: Digest | undefined;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  /** Target of a link. */
  link: string | undefined;
}

/** A member of an archive that was taken apart. */
export interface SpooledEntry {
  /** As in the archive: relative, absolute or worse. */
  name: string;
  type: EntryType;
  linkName: string;
  sizeBytes: number;
  /** Of files only. */
  digest: Digest | undefined;
}

export interface TreeStat {
  /** Last part of the path as asked for. */
  name: string;
  size: number;
  /** st_mode. */
  mode: number;
  mtimeMs: number;
  linkTarget: string;
}

export interface JobResults {
  'unpack-layer': Unpacked;
  'pack-layer': Packed;
  'pack-tree': undefined;
  'extract-tree': undefined;
  'extract-context': Map<string, ContextFile>;
  'spool-files': SpooledEntry[];
  'stat-tree': TreeStat;
  hash: { digest: Digest; sizeBytes: number };
  remove: undefined;
}

/** Shared with the worker: [0] becomes 1 to stop the job, [1] counts KiB read. */
export type Control = Int32Array<SharedArrayBuffer>;

export interface JobMessage {
  job: Job;
  control: Control;
}

export interface Failure {
  kind: ErrorKind | undefined;
  code: string | undefined;
  message: string;
  hint: string | undefined;
}

export type JobAnswer = { ok: true; result: JobResults[Job['kind']] } | { ok: false; failure: Failure };
