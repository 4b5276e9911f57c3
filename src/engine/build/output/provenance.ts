// Provenance: what an image was built from and how, as an attestation beside it in its index (slsa.dev, provenance v1;
// in-toto, attestation framework; BuildKit's build type).
import { createHash } from 'node:crypto';
import type { IndexImage, IndexNote } from '#engine/images/record-index.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { formatPlatform, hostPlatform, normalPlatform } from '#shared/oci/platform.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';
import type { Descriptor, Platform } from '#shared/oci/specs.ts';
import type { BuildSession } from '../session.ts';

const predicateType = 'https://slsa.dev/provenance/v1';
const statementType = 'https://in-toto.io/Statement/v0.1';
const buildType = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';

const hexOf = (digest: Digest): { sha256: string } => ({ sha256: digest.slice('sha256:'.length) });

/** A package URL (purl-spec, docker). */
function packageUrl(reference: string, platform: Platform): string {
  const parsed = parseReference(reference);
  const version = parsed.digest === undefined ? `@${encodeURIComponent(parsed.tag ?? 'latest')}` : '';
  const path = familiarRepository(parsed).split('/').map(encodeURIComponent).join('/');
  const words = [
    ...(parsed.digest === undefined ? [] : [`digest=${encodeURIComponent(parsed.digest)}`]),
    `platform=${encodeURIComponent(formatPlatform(normalPlatform(platform)))}`,
  ];
  return `pkg:docker/${path}${version}?${words.join('&')}`;
}

/** One statement for each image. `started`: RFC 3339; `dockerfile`: its name and text. */
export function provenanceNotes(
  session: BuildSession,
  {
    images,
    started,
    dockerfile,
  }: { images: readonly IndexImage[]; started: string; dockerfile: { name: string; text: string } },
): (manifests: readonly Descriptor[]) => IndexNote[] {
  const predicate = predicateOf(session, { started, dockerfile });
  return (manifests) =>
    images.flatMap(({ platform }, about): IndexNote[] => {
      const manifest = manifests[about];
      if (manifest === undefined) return [];
      const digest = hexOf(manifest.digest);
      const tags = session.request.tags ?? [];
      const names = tags.length === 0 ? ['_'] : tags.map((tag) => packageUrl(tag, platform));
      const subject = names.map((name) => ({ name, digest }));
      return [
        noteOf(
          about,
          Buffer.from(JSON.stringify({ _type: statementType, predicateType, subject, predicate })),
        ),
      ];
    });
}

function noteOf(about: number, bytes: Buffer): IndexNote {
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

/** `min` leaves out what could tell too much: arguments, labels, secrets' names, the Dockerfile. */
function predicateOf(
  session: BuildSession,
  { started, dockerfile }: { started: string; dockerfile: { name: string; text: string } },
): object {
  const { request, id, materials } = session;
  const isMax = request.provenance === 'max';
  const prefixed = (
    prefix: string,
    values: Readonly<Record<string, string | null>> = {},
  ): [string, string][] =>
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[`${prefix}${name}`, value]]));
  const hidden = [...prefixed('build-arg:', request.buildArgs), ...prefixed('label:', request.labels)];
  const args = Object.fromEntries([
    ...(isMax ? hidden : []),
    ...(request.target ? [['target', request.target]] : []),
    ...(request.platform ? [['platform', request.platform]] : []),
  ]);
  const ids = (all: object): { id: string; optional: true }[] =>
    Object.keys(all).map((each) => ({ id: each, optional: true }));
  const { secrets = {}, agents = {} } = request;
  const given = { ...(isMax ? { secrets: ids(secrets), ssh: ids(agents) } : {}) };
  const infos = [
    {
      filename: dockerfile.name,
      language: 'Dockerfile',
      data: Buffer.from(dockerfile.text).toString('base64'),
    },
  ];
  return {
    buildDefinition: {
      buildType,
      externalParameters: {
        configSource: { path: dockerfile.name },
        request: {
          frontend: 'dockerfile.v0',
          args,
          ...given,
          locals: [{ name: 'context' }, { name: 'dockerfile' }],
        },
      },
      internalParameters: { builderPlatform: formatPlatform(normalPlatform(hostPlatform())) },
      resolvedDependencies: [...materials.values()].map(({ reference, digest, platform }) => ({
        uri: packageUrl(reference, platform),
        digest: hexOf(digest),
      })),
    },
    runDetails: {
      builder: { id: '' },
      metadata: {
        invocationId: id,
        startedOn: started,
        finishedOn: nowRfc3339Nano(),
        buildkit_metadata: isMax ? { source: { infos } } : {},
        // Files of a client, of URLs and of repositories are not told of.
        buildkit_completeness: { request: isMax || hidden.length === 0, resolvedDependencies: false },
      },
    },
  };
}
