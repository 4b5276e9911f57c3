// Unpacking a layer blob into a directory.
import type { Readable } from 'node:stream';
import type { Digest } from '#shared/oci/digest.ts';
import { forgetFile, ReadOnce } from '../page-cache.ts';
import type { Unpacked } from './jobs.ts';
import { openPlainFile, openPlainFlow } from './plain-source.ts';
import { runJob } from './pool.ts';
import { reading } from './reading.ts';

export interface UnpackLayerRequest {
  /** Path of the blob, or its bytes while they arrive; the compression is told from the first ones. */
  blob: string | Readable;
  /** Of the blob, verified: for a plain tar it is the diff ID, and not computed again. */
  digest?: Digest;
  mediaType?: string;
  /** An empty directory. */
  target: string;
  /** A layer that unpacks to more throws `invalid`. */
  maxUnpackedBytes?: number;
  signal?: AbortSignal | undefined;
  /** Bytes of plain tar so far. */
  onProgress?: (bytes: number) => void;
}

/**
 * Afterwards `target` holds the layer as overlay takes it for a lower directory. Throws `invalid`, naming the
 * entry, for what is damaged or would leave `target`, which is then half filled and nothing else touched.
 */
export async function unpackLayer(request: UnpackLayerRequest): Promise<Unpacked> {
  const { blob, digest, target, signal, onProgress, maxUnpackedBytes } = request;
  const arriving = typeof blob !== 'string';
  const limit = maxUnpackedBytes === undefined ? {} : { maxBytes: maxUnpackedBytes };
  const source = arriving ? await openPlainFlow(blob) : openPlainFile(blob);
  const known = digest !== undefined && source.asStored ? { diffId: digest } : {};
  using once = !arriving && source.asStored ? new ReadOnce(blob) : undefined;
  const onRead = (bytes: number): void => {
    once?.passed(bytes);
    onProgress?.(bytes);
  };
  const unpacked = await reading(source, signal, (fd) =>
    runJob(
      { kind: 'unpack-layer', fd, target, arriving, ...limit, ...known },
      { signal, onProgress: onRead },
    ),
  );
  if (!arriving) void forgetFile(blob);
  return unpacked;
}
