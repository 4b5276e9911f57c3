// Packing and looking at a part of a tree, without leaving its root.
import { closeSync } from 'node:fs';
import { asEngineError } from '#shared/errors.ts';
import type { TreeStat } from './jobs.ts';
import { openPipe, PipeReader } from './pipe.ts';
import { runJob } from './pool.ts';

export interface PackTreeRequest {
  /** A directory that paths and symbolic links cannot leave. */
  root: string;
  /** Absolute, inside `root`; `/` without it. */
  path?: string;
  /** The name of `path` in the archive; '' leaves the directory itself out. Its own name without it. */
  rebase?: string;
  /** Whether a symbolic link at `path` is followed. */
  followLinks?: boolean;
  /** Holes of files stay holes (GNU's sparse format 1.0 in pax), which not every reader knows. */
  keepHoles?: boolean;
  signal?: AbortSignal | undefined;
}

/** A tar of `path`; the caller reads it to its end or destroys it. A missing path is the stream's error. */
export function packTree(request: PackTreeRequest): PipeReader {
  const { root, path = '/', rebase, followLinks = false, keepHoles = false, signal } = request;
  const { readFd, writeFd } = openPipe();
  const stream = new PipeReader(readFd);
  const job = { root, path, followLinks, keepHoles, ...(rebase === undefined ? {} : { rebase }) };
  runJob({ kind: 'pack-tree', fd: writeFd, ...job }, { signal })
    .catch((thrown: unknown) => stream.destroy(asEngineError(thrown)))
    .finally(() => closeSync(writeFd));
  return stream;
}

/** What is at `path` inside `root`. Throws `not-found`. */
export async function statTree(request: {
  root: string;
  path: string;
  followLinks?: boolean;
}): Promise<TreeStat> {
  const { root, path, followLinks = false } = request;
  return await runJob({ kind: 'stat-tree', root, path, followLinks });
}
