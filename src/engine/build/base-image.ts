// Images a build starts from or copies from: found here, or pulled.
import type { ImageRecord } from '#engine/images/record.ts';
import { hostPlatform, parsePlatform } from '#shared/oci/platform.ts';
import { parseReference } from '#shared/oci/reference.ts';
import { defaultPath, type ImageState } from './image-state.ts';
import type { Lane } from './lanes.ts';
import type { RegistryAuth } from './request.ts';
import type { BuildSession } from './session.ts';

/** What was given for the registry of this image. */
export function authFor(session: BuildSession, reference: string): RegistryAuth | undefined {
  const { registry } = parseReference(reference);
  const auth = session.request.auth ?? {};
  const names =
    registry === 'docker.io' ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'] : [registry];
  return names.map((name) => auth[name] ?? auth[`https://${name}`]).find((found) => found !== undefined);
}

async function pull(
  session: BuildSession,
  lane: Lane,
  wanted: { reference: string; platform?: string },
): Promise<ImageRecord> {
  const auth = authFor(session, wanted.reference);
  return await session.room.images.pull({
    reference: wanted.reference,
    ...(wanted.platform === undefined ? {} : { platform: wanted.platform }),
    ...(auth === undefined ? {} : { auth }),
    yieldsName: isForeign(wanted.platform),
    onProgress: (line) => lane.tell(line),
    signal: session.signal,
  });
}

/** The name of an image is of what runs here, where somebody has it already. */
function isForeign(platform: string | undefined): boolean {
  return platform !== undefined && parsePlatform(platform).architecture !== hostPlatform().architecture;
}

async function find(
  { room, signal }: BuildSession,
  { reference, platform }: { reference: string; platform?: string },
): Promise<ImageRecord | undefined> {
  if (platform === undefined) return room.images.find(reference);
  return await room.images.findOfPlatform(reference, { platform: parsePlatform(platform), signal });
}

/** The image, held by the build. Pulled where it is not here, is of another platform, or the request says so. */
export async function baseImage(
  session: BuildSession,
  lane: Lane,
  wanted: { reference: string; platform?: string },
): Promise<ImageRecord> {
  const local = session.request.pull === true ? undefined : await find(session, wanted);
  const image = local ?? (await pull(session, lane, wanted));
  noteMaterial(session, wanted.reference, image);
  session.room.leases.hold(`image:${image.id}`, session.holder);
  for (const subject of [image.chainId].filter((each) => each !== null)) {
    session.room.leases.hold(`layer:${subject}`, session.holder);
  }
  return image;
}

/** An image has no name where it was given by its id. */
function noteMaterial({ materials }: BuildSession, reference: string, image: ImageRecord): void {
  const digest = image.manifestDigest ?? image.id;
  if (/^(sha256:)?[0-9a-f]{12,64}$/.test(reference)) return;
  const { os, architecture, variant } = image.config;
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  materials.set(`${reference} ${digest}`, { reference, digest, platform });
}

/** The state of a stage that starts from the image. Its triggers are not in it. */
export function stateOf(image: ImageRecord): ImageState {
  const { OnBuild: _, ...config } = structuredClone(image.config.config ?? {});
  const { os, architecture, variant } = { ...hostPlatform(), ...image.config };
  const hasPath = (config.Env ?? []).some((entry) => entry.startsWith('PATH='));
  return {
    key: image.id,
    chainId: image.chainId,
    layers: image.layers.map((layer) => ({ ...layer })),
    history: structuredClone(image.config.history ?? []),
    config: hasPath ? config : { ...config, Env: [defaultPath, ...(config.Env ?? [])] },
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    ...(image.config.author === undefined ? {} : { author: image.config.author }),
    ...(image.config.created === undefined ? {} : { created: image.config.created }),
    args: new Map(),
    ownCmd: false,
  };
}
