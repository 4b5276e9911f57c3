// `--build-context name=oci-layout://DIR[:TAG|@DIGEST]`: one image of a layout here, as a tar for the engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { packFiles } from '#cli/files/pack.ts';
import { codeOf, invalid } from '#shared/errors.ts';
import { hostPlatform, pickPlatform } from '#shared/oci/platform.ts';
import { type Descriptor, type Index, type Manifest, mediaTypes } from '#shared/oci/specs.ts';

const tagAnnotation = 'org.opencontainers.image.ref.name';
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];
const blobName = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;

function readJson<T>(dir: string, name: string): T {
  try {
    return JSON.parse(readFileSync(join(dir, name), 'utf8'));
  } catch (cause) {
    const why = codeOf(cause) === 'ENOENT' ? `it has no ${name}` : `its ${name} cannot be read`;
    throw invalid(`${dir} is no OCI layout: ${why}`, { cause });
  }
}

/** The tar of the image; throws `invalid` where the layout does not have it. */
export function packLayout(place: string): Readable {
  const match = /^(.*?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]*))?$/.exec(place);
  const [dir = '', digest, tag] = [match?.[1], match?.[2], match?.[3]];
  const { manifests } = readJson<Index>(dir, 'index.json');
  const chosen = manifests.find((each) =>
    digest !== undefined
      ? each.digest === digest
      : tag === undefined ||
        each.annotations?.[tagAnnotation] === tag ||
        each.annotations?.[tagAnnotation]?.endsWith(`:${tag}`),
  );
  if (chosen === undefined) throw invalid(`${dir} has no image ${digest ?? tag ?? ''}`.trim());
  const only = indexTypes.includes(chosen.mediaType)
    ? pickPlatform(readJson<Index>(dir, blobName(chosen)).manifests, hostPlatform())
    : chosen;
  if (only === undefined) throw invalid(`${dir} has no image for this platform`);
  const manifest = readJson<Manifest>(dir, blobName(only));
  const { annotations: _, ...bare } = only;
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [bare] };
  const files = [only, manifest.config, ...manifest.layers].map((each) => ({
    name: blobName(each),
    path: join(dir, blobName(each)),
  }));
  const unique = files.filter((file, at) => files.findIndex(({ name }) => name === file.name) === at);
  const extra = [
    { name: 'oci-layout', content: Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })) },
    { name: 'index.json', content: Buffer.from(JSON.stringify(index)) },
  ];
  return packFiles(unique, { owners: false, extra });
}
