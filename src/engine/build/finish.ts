// The end of a build: its state becomes an image, something that a client fetches, or a cache for others.
import { createHash } from 'node:crypto';
import type { IndexImage, RecordIndexRequest } from '#engine/images/record-index.ts';
import { nowRfc3339Nano, rfc3339NanoOf } from '#shared/notation/time.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { formatPlatform, parsePlatform } from '#shared/oci/platform.ts';
import type { ImageConfig } from '#shared/oci/specs.ts';
import { exportToLayout, exportToRegistry, stepsOfBuild } from './cache/export.ts';
import { withInlineSteps } from './cache/portable.ts';
import type { Context } from './context.ts';
import { type ImageState, imageConfigOf } from './image-state.ts';
import { cacheFolder, type Made } from './output/kept-result.ts';
import { materialNotes } from './output/materials-list.ts';
import { provenanceNotes } from './output/provenance.ts';
import { isMultiPlatform, type PlannedRequest } from './plan-request.ts';
import type { BuildSession } from './session.ts';

export interface Finished extends Made {
  /** Of the image, or of what would be it. */
  digest: Digest;
}

/** What one platform of a build has become. */
export interface Built {
  plan: PlannedRequest;
  state: ImageState;
}

/** Afterwards everything that the request asks of the result is there; what a client fetches is not yet held. */
export async function finishBuild(
  session: BuildSession,
  built: Built,
  given: { epoch?: number },
): Promise<Finished> {
  const { request, room, tracing } = session;
  const config = configOf(session, built, given);
  const { asImage, asArchive } = wantedOf(session);
  const { chainId, layers } = built.state;
  const digest = digestOf(config);
  const wasHere = room.images.find(digest) !== undefined;
  const tags = request.tags ?? [];
  if (asImage || asArchive) {
    await tracing.phase('image', () => room.images.record({ config, layers, tags: asImage ? tags : [] }));
  }
  await tracing.phase('cache', () => exportCaches(session, [built.plan]));
  const imageId = asImage || asArchive ? { imageId: digest } : {};
  return { digest, roots: [{ chainId }], tags, isPassing: !asImage && !wasHere, ...imageId };
}

/** As `finishBuild` for several platforms: the image is an index of them. */
export async function finishIndex(
  session: BuildSession,
  builds: readonly Built[],
  given: { epoch?: number; context: Pick<Context, 'file' | 'dockerfile'> },
): Promise<Finished> {
  const { request, room, tracing, signal } = session;
  const { asImage, asArchive } = wantedOf(session);
  const tags = request.tags ?? [];
  const images = builds.map((built): IndexImage => {
    const { state, plan } = built;
    const platform = plan.platform === undefined ? state.platform : parsePlatform(plan.platform);
    return { platform, config: configOf(session, built, given), layers: state.layers };
  });
  const before = new Set(room.images.all().map(({ id }) => id));
  const recorded =
    asImage || asArchive
      ? await tracing.phase('image', () =>
          room.images.recordIndex({
            images,
            tags: asImage ? tags : [],
            signal,
            notes: notesOf(session, { builds, images, context: given.context }),
          }),
        )
      : undefined;
  const plans = builds.map(({ plan }) => plan);
  await tracing.phase('cache', () => exportCaches(session, plans));
  const roots = images.map(({ platform }, at) => ({
    chainId: builds[at]?.state.chainId ?? null,
    ...(isMultiPlatform(request) ? { folder: formatPlatform(platform).replaceAll('/', '_') } : {}),
  }));
  const [first] = images;
  const digest = recorded?.record.id ?? (first === undefined ? undefined : digestOf(first.config));
  if (digest === undefined) throw new Error('a build for no platform');
  const made = recorded === undefined ? {} : { imageId: recorded.record.id, index: recorded.index.digest };
  return { digest, roots, tags, isPassing: !asImage && !before.has(digest), ...made };
}

function notesOf(
  session: BuildSession,
  given: {
    builds: readonly Built[];
    images: readonly IndexImage[];
    context: Pick<Context, 'file' | 'dockerfile'>;
  },
): NonNullable<RecordIndexRequest['notes']> {
  const { started, request, room } = session;
  const { builds, images, context } = given;
  const { file: name, dockerfile: text } = context;
  const stacks = builds.map(({ state: { chainId, created = started } }) => ({ chainId, created }));
  const { tags = [] } = request;
  const { snapshots } = room;
  const all = [
    ...(request.sbom === true ? [materialNotes(images, { stacks, tags, snapshots })] : []),
    ...(request.provenance === undefined
      ? []
      : [provenanceNotes(session, { images, started, dockerfile: { name, text } })]),
  ];
  return (manifests) => all.flatMap((notes) => notes(manifests));
}

function wantedOf({ request: { outputs = ['image'] } }: BuildSession): {
  asImage: boolean;
  asArchive: boolean;
} {
  return { asImage: outputs.includes('image'), asArchive: outputs.includes('archive') };
}

const digestOf = (config: ImageConfig): Digest =>
  `sha256:${createHash('sha256').update(JSON.stringify(config)).digest('hex')}`;

function configOf(session: BuildSession, { state, plan }: Built, { epoch }: { epoch?: number }): ImageConfig {
  const { request } = session;
  if (state.created === undefined || state.history.length === 0) {
    state.created = epoch === undefined ? nowRfc3339Nano() : rfc3339NanoOf(epoch * 1000);
  }
  const isInline =
    (request.cacheTo ?? []).some(({ type }) => type === 'inline') ||
    /^(1|true)$/.test(request.buildArgs?.['BUILDKIT_INLINE_CACHE'] ?? '');
  const plain = imageConfigOf(state);
  return isInline ? withInlineSteps(plain, stepsOfBuild(session, [plan], 'min')) : plain;
}

async function exportCaches(session: BuildSession, plans: readonly PlannedRequest[]): Promise<void> {
  const { request, room } = session;
  for (const target of request.cacheTo ?? []) {
    if (target.type === 'inline') continue;
    const steps = stepsOfBuild(session, plans, target.mode);
    const name = target.type === 'registry' ? target.ref : 'a folder';
    request.onLine?.({ stream: `exporting cache to ${name}: ${steps.length} steps\n` });
    if (target.type === 'registry') await exportToRegistry(session, steps, target.ref);
    else if (request.session !== undefined)
      await exportToLayout(session, steps, cacheFolder(room.root, request.session));
  }
}
