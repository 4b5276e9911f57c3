// Extracting a build's context.
import type { Readable } from 'node:stream';
import type { ContextFile } from './jobs.ts';
import { openPlainStream } from './plain-source.ts';
import { runJob } from './pool.ts';
import { reading } from './reading.ts';

export interface ExtractContextRequest {
  stream: Readable;
  /** An empty directory. */
  target: string;
  maxUnpackedBytes?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Extracts a build's context. Gives what came by path (relative, no leading slash), each file with the digest of its
 * content. On disk everything is root's; the owners in the archive are in the answer.
 */
export async function extractContext(
  request: ExtractContextRequest,
): Promise<{ files: Map<string, ContextFile> }> {
  const { stream, target, signal, maxUnpackedBytes } = request;
  const limit = maxUnpackedBytes === undefined ? {} : { maxBytes: maxUnpackedBytes };
  const files = await reading(await openPlainStream(stream), signal, (fd) =>
    runJob({ kind: 'extract-context', fd, target, ...limit }, { signal }),
  );
  return { files };
}
