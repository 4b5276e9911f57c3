// The bytes of a layer for those who send or save it: its blob, or a tar packed from its directory.
import { join } from 'node:path';
import { internal } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { type Descriptor, mediaTypes } from '#shared/oci/specs.ts';
import { packLayer } from '#storage/archive/archive.ts';
import type { ImageLayer } from '../record.ts';
import type { ImageRoom } from '../room.ts';

export interface LayerFile {
  descriptor: Descriptor;
  path: string;
}

const ociOf: Record<string, string> = {
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
  [mediaTypes.dockerForeignLayer]: mediaTypes.ociLayerGzip,
};

/** The OCI media type of a layer. */
export const ociTypeOf = (mediaType: string): string => ociOf[mediaType] ?? mediaType;

/** The blob of a layer, where the store has it. */
export function blobOf({ content }: Pick<ImageRoom, 'content'>, layer: ImageLayer): LayerFile | undefined {
  const { digest } = layer;
  if (digest === undefined || !content.has(digest)) return undefined;
  const mediaType = ociTypeOf(layer.mediaType ?? mediaTypes.ociLayer);
  return { descriptor: { mediaType, digest, size: content.size(digest) }, path: content.path(digest) };
}

/** Packs the layer's directory into a plain tar in `scratch`. Its digest is the layer's diff ID, or `internal` is thrown. */
export async function packPlain(
  { snapshots }: Pick<ImageRoom, 'snapshots'>,
  layer: ImageLayer,
  at: { chainId: Digest; scratch: string; signal?: AbortSignal | undefined },
): Promise<LayerFile> {
  const path = join(at.scratch, `${layer.diffId.slice(7)}.tar`);
  const { dir } = snapshots.layer(at.chainId);
  const packed = await packLayer({
    dir,
    output: path,
    ...(at.signal === undefined ? {} : { signal: at.signal }),
  });
  if (packed.diffId !== layer.diffId) {
    throw internal(`layer ${layer.diffId} has changed on disk: its files now pack to ${packed.diffId}`);
  }
  return {
    descriptor: { mediaType: mediaTypes.ociLayer, digest: layer.diffId, size: packed.tarBytes },
    path,
  };
}
