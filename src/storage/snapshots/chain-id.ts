// Chain IDs: the name of a stack of layers (OCI image-spec, config.md, "Layer ChainID").
import { createHash } from 'node:crypto';
import { invalid } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';

/** The chain ID of a layer with `diffId` on top of the stack `parent` (null: it is the lowest). */
export function chainIdOn(parent: Digest | null, diffId: Digest): Digest {
  if (parent === null) return diffId;
  return `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}`;
}

/** The chain ID of a whole stack, lowest layer first; at least one. */
export function chainIdOf(diffIds: readonly Digest[]): Digest {
  let chain: Digest | null = null;
  for (const diffId of diffIds) chain = chainIdOn(chain, diffId);
  if (chain === null) throw invalid('a stack of no layers has no chain ID');
  return chain;
}

/** Chain IDs of a stack of layers, lowest first. */
export function chainIdsOf(diffIds: readonly Digest[]): Digest[] {
  return diffIds.map((_, index) => chainIdOf(diffIds.slice(0, index + 1)));
}
