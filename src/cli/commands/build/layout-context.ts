// `--build-context name=oci-layout://DIR[:TAG|@DIGEST]`: an image of a layout here, as a tar for the engine.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { packFiles } from '#cli/files/pack.ts';
import { codeOf, invalid } from '#shared/errors.ts';
import { formatPlatform, hostPlatform, parsePlatform, pickPlatform } from '#shared/oci/platform.ts';
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

/**
 * The tar of the image, of all its platforms that the layout has; throws `invalid` where it does not have the image.
 * `platforms` are those that are built for.
 */
export function packLayout(place: string, platforms: readonly string[] = []): Readable {
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
  const top = inLayout(dir, chosen, platforms);
  const { annotations: _, ...bare } = top;
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [bare] };
  const names = new Set(blobsBelow(dir, top).map(blobName));
  const extra = [
    { name: 'oci-layout', content: Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })) },
    { name: 'index.json', content: Buffer.from(JSON.stringify(index)) },
  ];
  const files = [...names].map((name) => ({ name, path: join(dir, name) }));
  return packFiles(files, { owners: false, extra });
}

/** All of an index that has an image for this machine; of any other the first platform that is built for. */
function inLayout(dir: string, chosen: Descriptor, platforms: readonly string[]): Descriptor {
  if (!indexTypes.includes(chosen.mediaType)) return chosen;
  const { manifests } = readJson<Index>(dir, blobName(chosen));
  const here = pickPlatform(manifests, hostPlatform());
  if (here !== undefined && existsSync(join(dir, blobName(here)))) return chosen;
  const wanted = platforms.flatMap((text) => pickPlatform(manifests, parsePlatform(text)) ?? []);
  const only = wanted.find((each) => existsSync(join(dir, blobName(each))));
  if (only !== undefined) return only;
  const there = manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(platform)],
  );
  throw invalid(`${dir} has no image for this platform`, { hint: `It has ${there.join(', ')}.` });
}

/** The descriptor and what it is made of. Images of an index that the layout does not have are passed over. */
function blobsBelow(dir: string, descriptor: Descriptor): Descriptor[] {
  if (!indexTypes.includes(descriptor.mediaType)) {
    const { config, layers } = readJson<Manifest>(dir, blobName(descriptor));
    return [descriptor, config, ...layers];
  }
  const { manifests } = readJson<Index>(dir, blobName(descriptor));
  const there = manifests.filter((each) => existsSync(join(dir, blobName(each))));
  return [descriptor, ...there.flatMap((each) => blobsBelow(dir, each))];
}
