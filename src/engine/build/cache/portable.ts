// The build cache outside of an engine: its steps as data, and how they lie in a registry, a folder or an image.
import { invalid } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { Descriptor, ImageConfig, Manifest } from '#shared/oci/specs.ts';

/** One cached step, as its record, with what is needed to get its layer. */
export interface PortableStep {
  key: string;
  instruction: string;
  /** RFC 3339. */
  created: string;
  layer: PortableLayer | null;
}

export interface PortableLayer {
  diffId: Digest;
  /** The stack it lies on. */
  on: Digest | null;
  /** Of its files. */
  sizeBytes: number;
  /** Absent in an image: there the layers are the image's own. */
  blob?: Descriptor;
}

/** Type of the config blob of a manifest that holds nothing but cached steps; its layers are theirs. */
export const cacheConfigType = 'application/vnd.wharf.buildcache.config.v1+json';

interface CacheConfig {
  version: 1;
  steps: PortableStep[];
}

/** The field of an image's config that has the steps which made the image. */
const inlineField = 'wharf.buildcache.v1';

export function encodeSteps(steps: readonly PortableStep[]): Buffer {
  return Buffer.from(
    JSON.stringify({ version: 1, steps } satisfies { version: 1; steps: readonly PortableStep[] }),
  );
}

/** Throws `invalid` for a cache of another version. */
export function decodeSteps(bytes: Buffer): PortableStep[] {
  const config: Partial<CacheConfig> = JSON.parse(bytes.toString('utf8'));
  if (config.version !== 1 || !Array.isArray(config.steps))
    throw invalid('this build cache was made by another version');
  return config.steps;
}

/** The config with the steps in it. */
export function withInlineSteps(config: ImageConfig, steps: readonly PortableStep[]): ImageConfig {
  const own = steps.map(({ layer, ...step }): PortableStep => {
    if (layer === null) return { ...step, layer };
    const { blob: _, ...rest } = layer;
    return { ...step, layer: rest };
  });
  return { ...config, [inlineField]: own } as ImageConfig;
}

/** The steps that an image tells of, their layers those of the manifest; none where it tells of nothing. */
export function inlineSteps(configBytes: Buffer, manifest: Pick<Manifest, 'layers'>): PortableStep[] {
  const config: ImageConfig & { [inlineField]?: PortableStep[] } = JSON.parse(configBytes.toString('utf8'));
  const steps = config[inlineField];
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((step): PortableStep[] => {
    if (step.layer === null) return [step];
    const blob = manifest.layers[config.rootfs.diff_ids.indexOf(step.layer.diffId)];
    return blob === undefined ? [] : [{ ...step, layer: { ...step.layer, blob } }];
  });
}
