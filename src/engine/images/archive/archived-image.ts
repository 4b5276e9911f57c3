// One image of an archive, as both formats describe it.
import type { Digest } from '#shared/oci/digest.ts';
import type { StoredIndex } from '../record.ts';
import type { SpooledFile } from './spool.ts';

export interface ArchivedImage {
  configBytes: Buffer;
  /** Lowest first. */
  layers: { file: SpooledFile; mediaType: string }[];
  /** As the archive has them. */
  names: string[];
  manifestDigest?: Digest;
  index?: StoredIndex;
}
