// Provenance: what an image was built from and how, as an attestation beside it in its index (slsa.dev, provenance v1;
// BuildKit's build type).
import type { IndexImage } from '#engine/images/record-index.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { formatPlatform, hostPlatform, normalPlatform } from '#shared/oci/platform.ts';
import type { BuildSession } from '../session.ts';
import { hexOf, type Notes, packageUrl, statements } from './attestation.ts';

const predicateType = 'https://slsa.dev/provenance/v1';
const buildType = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';

/** One statement for each image. `started`: RFC 3339; `dockerfile`: its name and text. */
export function provenanceNotes(
  session: BuildSession,
  {
    images,
    started,
    dockerfile,
  }: { images: readonly IndexImage[]; started: string; dockerfile: { name: string; text: string } },
): Notes {
  const predicate = predicateOf(session, { started, dockerfile });
  const tags = session.request.tags ?? [];
  return statements({ images, tags, predicateType, predicate: () => predicate });
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
