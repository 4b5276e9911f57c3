// Packing a directory as a layer blob.
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '#shared/oci/digest.ts';
import { diskFault } from '../disk-faults.ts';
import { compressFile } from './compress-file.ts';
import type { Packed } from './jobs.ts';
import { runJob } from './pool.ts';
import { packLayer as packHere } from './worker/pack-jobs.ts';

export interface PackLayerRequest {
  /** An overlay's upper directory (not mounted), or a layer's. */
  dir: string;
  /** The file to write; without it the layer is only measured and hashed. */
  output?: string;
  /** What `output` becomes; the plain tar otherwise. */
  compress?: 'gzip' | 'zstd';
  signal?: AbortSignal | undefined;
}

export interface PackedLayer {
  /** Of the plain tar. */
  diffId: Digest;
  /** Of what was written to `output`; equal to `diffId` where nothing compressed was. */
  digest: Digest;
  /** Size of `output`: the blob's. */
  sizeBytes: number;
  tarBytes: number;
  /** Bytes of file content. */
  contentBytes: number;
}

/** Packs a layer; the same directory content gives the same bytes. After a failure `output` is not there. */
export async function packLayer(request: PackLayerRequest): Promise<PackedLayer> {
  const { dir, output, compress, signal } = request;
  if (output === undefined) return plain(await pack(dir, null, signal));
  try {
    if (compress !== undefined) {
      const writing = (fd: number): Promise<Packed> => pack(dir, fd, signal);
      const { result, digest, sizeBytes } = await compressFile({ output, compress, signal }, writing);
      const { diffId, tarBytes, sizeBytes: contentBytes } = result;
      return { diffId, digest, sizeBytes, tarBytes, contentBytes };
    }
    const fd = openSync(output, 'w', 0o600);
    try {
      return plain(await pack(dir, fd, signal));
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    rmSync(output, { force: true });
    throw diskFault(`writing ${output}`, thrown);
  }
}

function plain({ diffId, tarBytes, sizeBytes }: Packed): PackedLayer {
  return { diffId, digest: diffId, sizeBytes: tarBytes, tarBytes, contentBytes: sizeBytes };
}

async function pack(dir: string, fd: number | null, signal: AbortSignal | undefined): Promise<Packed> {
  // A pipe would wait for its reader, which is this thread.
  const mayBlock = fd !== null && !fstatSync(fd).isFile();
  if (!mayBlock && isTiny(dir)) return packHere(dir, fd, () => signal?.throwIfAborted());
  return await runJob({ kind: 'pack-layer', dir, fd }, { signal });
}

// So little is packed before a thread would have heard of it.
function isTiny(dir: string): boolean {
  let entries = 64;
  let bytes = 1 << 20;
  const walk = (at: string): boolean => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isFile()) bytes -= lstatSync(path).size;
      if (--entries < 0 || bytes < 0) return false;
      if (entry.isDirectory() && !walk(path)) return false;
    }
    return true;
  };
  return walk(dir);
}
