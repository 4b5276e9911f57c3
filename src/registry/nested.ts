// The image for a platform in an index, which may have further indexes in it (image-spec, image-index.md).
import { notFound } from '#shared/errors.ts';
import { formatPlatform, pickPlatform } from '#shared/oci/platform.ts';
import { type Descriptor, type Index, mediaTypes, type Platform } from '#shared/oci/specs.ts';
import { RegistryFailure } from './failures.ts';
import type { FetchedManifest } from './manifests.ts';

type FetchChild = (descriptor: Descriptor) => Promise<FetchedManifest>;

const deepest = 4;
const mostIndexes = 20;
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];

/** The manifest for the platform. Throws `not-found` with Docker's sentence, `unsupported` where it lies too deep. */
export async function chooseManifest(
  index: Index,
  platform: Platform,
  fetch: FetchChild,
): Promise<FetchedManifest> {
  let indexes = 0;
  const search = async ({ manifests }: Index, depth: number): Promise<FetchedManifest | undefined> => {
    const picked = pickPlatform(manifests, platform);
    const inner = manifests.filter((one) => one.platform === undefined && indexTypes.includes(one.mediaType));
    for (const child of picked === undefined ? inner : [picked]) {
      const fetched = await fetch(child);
      if (fetched.document.kind === 'manifest') return fetched;
      if (depth >= deepest || ++indexes > mostIndexes) {
        throw new RegistryFailure('unsupported', `manifest ${child.digest} lies too deep in indexes`);
      }
      const found = await search(fetched.document.index, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = await search(index, 1);
  if (found !== undefined) return found;
  throw notFound(
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries: no match for platform in manifest: not found`,
  );
}
