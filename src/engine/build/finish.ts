// The end of a build: its state becomes an image, something that a client fetches, or a cache for others.
import { createHash } from 'node:crypto';
import { nowRfc3339Nano, rfc3339NanoOf } from '#shared/notation/time.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { exportToLayout, exportToRegistry, stepsOfBuild } from './cache/export.ts';
import { withInlineSteps } from './cache/portable.ts';
import { type ImageState, imageConfigOf } from './image-state.ts';
import { cacheFolder, type Made } from './output/kept-result.ts';
import type { Plan } from './plan.ts';
import type { BuildSession } from './session.ts';

export interface Finished extends Made {
  /** Of the image, or of what would be it. */
  digest: Digest;
}

/** Afterwards everything that the request asks of the result is there; what a client fetches is not yet held. */
export async function finishBuild(
  session: BuildSession,
  state: ImageState,
  { plan, epoch }: { plan: Plan; epoch?: number },
): Promise<Finished> {
  const { request, room, tracing } = session;
  if (state.created === undefined || state.history.length === 0) {
    state.created = epoch === undefined ? nowRfc3339Nano() : rfc3339NanoOf(epoch * 1000);
  }
  const isInline =
    (request.cacheTo ?? []).some(({ type }) => type === 'inline') ||
    /^(1|true)$/.test(request.buildArgs?.['BUILDKIT_INLINE_CACHE'] ?? '');
  const plain = imageConfigOf(state);
  const config = isInline ? withInlineSteps(plain, stepsOfBuild(session, plan, 'min')) : plain;
  const outputs = request.outputs ?? ['image'];
  const { chainId, layers } = state;
  const digest: Digest = `sha256:${createHash('sha256').update(JSON.stringify(config)).digest('hex')}`;
  const [asImage, asArchive] = [outputs.includes('image'), outputs.includes('archive')];
  const wasHere = room.images.find(digest) !== undefined;
  const tags = request.tags ?? [];
  if (asImage || asArchive) {
    await tracing.phase('image', () => room.images.record({ config, layers, tags: asImage ? tags : [] }));
  }
  await tracing.phase('cache', () => exportCaches(session, plan));
  const imageId = asImage || asArchive ? { imageId: digest } : {};
  return { digest, chainId, tags, isPassing: !asImage && !wasHere, ...imageId };
}

async function exportCaches(session: BuildSession, plan: Plan): Promise<void> {
  const { request, room } = session;
  for (const target of request.cacheTo ?? []) {
    if (target.type === 'inline') continue;
    const steps = stepsOfBuild(session, plan, target.mode);
    const name = target.type === 'registry' ? target.ref : 'a folder';
    request.onLine?.({ stream: `exporting cache to ${name}: ${steps.length} steps\n` });
    if (target.type === 'registry') await exportToRegistry(session, steps, target.ref);
    else if (request.session !== undefined)
      await exportToLayout(session, steps, cacheFolder(room.root, request.session));
  }
}
