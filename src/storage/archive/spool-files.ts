// Taking an archive apart into its files, hashed, without unpacking it.
import type { Readable } from 'node:stream';
import type { SpooledEntry } from './jobs.ts';
import { openPlainFlow } from './plain-source.ts';
import { runJob } from './pool.ts';
import { reading } from './reading.ts';

export interface SpoolFilesRequest {
  /** A tar in any compression. */
  stream: Readable;
  /** An empty directory; entry number n, where it is a file, is `n` in it afterwards. */
  target: string;
  maxFiles: number;
  signal?: AbortSignal | undefined;
}

/** The entries in the order of the archive. Throws `invalid` for what is no tar, is torn, or has too many files. */
export async function spoolFiles({ stream, signal, ...job }: SpoolFilesRequest): Promise<SpooledEntry[]> {
  return await reading(await openPlainFlow(stream), signal, (fd) =>
    runJob({ kind: 'spool-files', fd, ...job }, { signal }),
  );
}
