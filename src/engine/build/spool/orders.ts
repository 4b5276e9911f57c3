// What the engine and a spool worker say to each other.
import type { ErrorKind } from '#shared/errors.ts';
import type { EntryType } from '#storage/archive/tar/entry.ts';

export interface SpooledEntry {
  /** Clean, relative; empty for the root. */
  name: string;
  type: EntryType;
  mode: number;
  size: number;
  /** Seconds since 1970. */
  mtime: number;
  /** Where its content begins in the spool. */
  offset: number;
  /** Hex sha256; empty for what is no file. */
  digest: string;
  link: string;
  major: number;
  minor: number;
}

/** `spool`: everything into one new file at `path`. `store`: each file into the folder `path`, by its digest. */
export interface SpoolOrder {
  kind: 'spool' | 'store';
  fd: number;
  path: string;
  /** [0] becomes 1 to stop. */
  control: Int32Array<SharedArrayBuffer>;
}

export type SpoolAnswer =
  | { ok: true; entries: SpooledEntry[] }
  | { ok: false; kind: ErrorKind | undefined; code: string | undefined; message: string };
