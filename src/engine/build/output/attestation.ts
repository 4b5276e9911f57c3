// Attestations: what is said of an image, beside it in its index (in-toto, attestation framework).
import { createHash } from 'node:crypto';
import type { IndexImage, IndexNote } from '#engine/images/record-index.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { formatPlatform, normalPlatform } from '#shared/oci/platform.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';
import type { Descriptor, Platform } from '#shared/oci/specs.ts';

const statementType = 'https://in-toto.io/Statement/v0.1';

export const hexOf = (digest: Digest): { sha256: string } => ({ sha256: digest.slice('sha256:'.length) });

/** A package URL (purl-spec, docker). */
export function packageUrl(reference: string, platform: Platform): string {
  const parsed = parseReference(reference);
  const version = parsed.digest === undefined ? `@${encodeURIComponent(parsed.tag ?? 'latest')}` : '';
  const path = familiarRepository(parsed).split('/').map(encodeURIComponent).join('/');
  const words = [
    ...(parsed.digest === undefined ? [] : [`digest=${encodeURIComponent(parsed.digest)}`]),
    `platform=${encodeURIComponent(formatPlatform(normalPlatform(platform)))}`,
  ];
  return `pkg:docker/${path}${version}?${words.join('&')}`;
}

/** Gives the notes of an index, once the manifests of its images are known. */
export type Notes = (manifests: readonly Descriptor[]) => IndexNote[];

/** One statement for each image. */
export function statements(given: {
  images: readonly IndexImage[];
  tags: readonly string[];
  predicateType: string;
  predicate(about: number): object;
}): Notes {
  const { images, tags, predicateType } = given;
  return (manifests) =>
    images.flatMap(({ platform }, about): IndexNote[] => {
      const manifest = manifests[about];
      if (manifest === undefined) return [];
      const digest = hexOf(manifest.digest);
      const names = tags.length === 0 ? ['_'] : tags.map((tag) => packageUrl(tag, platform));
      const subject = names.map((name) => ({ name, digest }));
      const statement = { _type: statementType, predicateType, subject, predicate: given.predicate(about) };
      return [noteOf(about, { predicateType, bytes: Buffer.from(JSON.stringify(statement)) })];
    });
}

function noteOf(
  about: number,
  { predicateType, bytes }: { predicateType: string; bytes: Buffer },
): IndexNote {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const config = {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digest] },
  };
  const layer = {
    bytes,
    mediaType: 'application/vnd.in-toto+json',
    annotations: { 'in-toto.io/predicate-type': predicateType },
  };
  return { about, config: Buffer.from(JSON.stringify(config)), layers: [layer] };
}
