// The files of a source tree as COPY sees them: on disk, or in the spool of a context that was sent.
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { followLinks } from '#kernel/root-path.ts';
import { invalid } from '#shared/errors.ts';
import { lookAt } from './in-root.ts';

/** What of `fs.Stats` counts. */
export interface EntryStats {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtimeMs: number;
  nlink: number;
  dev: number;
  ino: number;
  rdev: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  /** It lies by itself in the store of contexts, and stays as it is. */
  isStored?: boolean;
}

/** A part of an open file. */
export interface Slice {
  fd: number;
  offset: number;
  size: number;
}

/** Where the bytes of a file are: a path on the host, or a part of the spool. */
export type Content = string | Slice;

/** Paths are relative to the root, clean, and no part but the last may be a link. */
export interface TreeFiles {
  look(path: string): EntryStats | undefined;
  /** Names in a directory, sorted. */
  list(path: string): string[];
  readLink(path: string): string;
  content(path: string): Content;
}

/** The files of a directory that nobody changes. */
export function diskFiles(root: string): TreeFiles {
  return {
    look: (path) => lookAt(join(root, path)),
    list: (path) => readdirSync(join(root, path)).sort(),
    readLink: (path) => readlinkSync(join(root, path)),
    content: (path) => join(root, path),
  };
}

/** As `lstat` but for what must be there. */
export function statOf(files: TreeFiles, path: string): EntryStats {
  const stats = files.look(path);
  if (stats !== undefined) return stats;
  const content = files.content(path);
  if (typeof content === 'string') return lstatSync(content);
  throw invalid(`${path}: no such file or directory`);
}

/** The path with every link followed, within the root. What does not exist is taken as written. */
export function resolveIn(files: TreeFiles, path: string): string {
  return followLinks(path, (at) => (files.look(at)?.isSymbolicLink() ? files.readLink(at) : undefined));
}
