// Unpacking a layer blob into a directory.

import type { Unpacked } from './jobs.ts';
import { openPlainFile } from './plain-source.ts';
import { runJob } from './pool.ts';
import { reading } from './reading.ts';

export interface UnpackLayerRequest {
  /** Path of the blob; its compression is told from its first bytes. */
  blob: string;
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
  const { blob, target, signal, onProgress, maxUnpackedBytes } = request;
  return await reading(openPlainFile(blob), signal, (fd) =>
    runJob(
      {
        kind: 'unpack-layer',
        fd,
        target,
        ...(maxUnpackedBytes === undefined ? {} : { maxBytes: maxUnpackedBytes }),
      },
      { signal, onProgress },
    ),
  );
}
