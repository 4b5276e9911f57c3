// Extracting an archive over a tree, without leaving its root.
import type { Readable } from 'node:stream';
import type { Owner } from './jobs.ts';
import { openPlainStream } from './plain-source.ts';
import { runJob } from './pool.ts';
import { reading } from './reading.ts';

export interface ExtractTreeRequest {
  /** A tar in any compression. */
  stream: Readable;
  /** A directory that entries and symbolic links cannot leave. */
  root: string;
  /** Absolute, inside `root`: an existing directory. */
  into: string;
  noOverwriteDirNonDir?: boolean;
  /** Instead of the owners in the archive. */
  chown?: Owner;
  signal?: AbortSignal | undefined;
}

/** Extracts over what is there. Throws `invalid` naming the entry, `not-found` where `into` is missing. */
export async function extractTree(request: ExtractTreeRequest): Promise<void> {
  const { stream, root, into, chown, signal, noOverwriteDirNonDir = false } = request;
  const job = { root, into, noOverwriteDirNonDir, ...(chown === undefined ? {} : { chown }) };
  await reading(await openPlainStream(stream), signal, (fd) =>
    runJob({ kind: 'extract-tree', fd, ...job }, { signal }),
  );
}
