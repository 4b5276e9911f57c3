// The digest and size of a file at rest.
import { closeSync, openSync } from 'node:fs';
import type { Digest } from '#shared/oci/digest.ts';
import { ByteSource, type SourceOptions } from './source.ts';

/** Reads the whole file. Synchronous: for worker threads, and for tiny files. */
export function hashFile(path: string, options: SourceOptions = {}): { digest: Digest; sizeBytes: number } {
  const fd = openSync(path, 'r');
  try {
    const source = new ByteSource(fd, options);
    const digest = source.finish();
    return { digest, sizeBytes: source.totalBytes };
  } finally {
    closeSync(fd);
  }
}
