// A step that changes files: a writable snapshot, filled, becomes a layer.
import { statfsSync } from 'node:fs';
import { mountOverlay, type OverlayRequest } from '#kernel/overlay.ts';
import { runOk } from '#kernel/spawn.ts';
import { codeOf } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { Scope } from '#shared/scope.ts';
import { packLayer } from '#storage/archive/archive.ts';
import { chainIdOn } from '#storage/snapshots/chain-id.ts';
import type { Active } from '#storage/snapshots/snapshots.ts';
import type { StepLayer } from '../image-state.ts';
import { CommandFailed } from '../request.ts';
import type { BuildSession } from '../session.ts';

export interface Fill {
  on: Digest | null;
  /** With the folders that a box mounts things at, where the image has none. */
  withStubs?: boolean;
  /** Changes files below `root`; nobody else does. */
  write(root: string, active: Active): Promise<void>;
  /** After the unmount, before the layer is read. */
  tidy?(active: Active): void | Promise<void>;
}

/** Makes the layer and leases it to the build. On any failure the snapshot is gone and nothing is mounted. */
export async function makeLayer(session: BuildSession, fill: Fill): Promise<StepLayer> {
  session.assertGoing();
  const { snapshots, leases } = session.room;
  const id = session.newThing();
  await using attempt = new Scope();
  attempt.undo(() => session.dropThing(id));
  const active = snapshots.create(id, fill.on);
  attempt.undo(() => snapshots.remove(id));
  const lowers = fill.withStubs === true ? [...active.lowers, snapshots.stubs] : active.lowers;
  mountForStep({ lowers, upper: active.upper, work: active.work, target: active.merged });
  try {
    await fill.write(active.merged, active);
  } catch (thrown) {
    if (thrown instanceof CommandFailed && (await keepFailed(session, active, fill))) attempt.keep();
    throw thrown;
  }
  snapshots.unmount(id);
  await fill.tidy?.(active);
  const { diffId, contentBytes: sizeBytes } = await packLayer({ dir: active.upper, signal: session.signal });
  const chainId = chainIdOn(fill.on, diffId);
  leases.hold(`layer:${chainId}`, session.holder);
  snapshots.commit(id, { chainId, diffId, sizeBytes });
  attempt.keep();
  session.dropThing(id);
  return { chainId, diffId, sizeBytes };
}

// What a full disk needs more than somebody who looks at a failed step.
const leastFreeBytes = 256 * 2 ** 20;

/** What the command left stays to be looked at, not mounted. False: it is not to be kept. */
async function keepFailed(session: BuildSession, active: Active, fill: Fill): Promise<boolean> {
  const { snapshots } = session.room;
  const { bavail, bsize } = statfsSync(active.upper);
  if (session.kept !== undefined || bavail * bsize < leastFreeBytes) return false;
  snapshots.unmount(active.id);
  await fill.tidy?.(active);
  const { sizeBytes } = await snapshots.usage(active.id);
  session.kept = { snapshot: active.id, sizeBytes };
  return true;
}

/** The layer of a step that was made on nothing, laid on `parent`: the same files, shared and not copied. */
export async function layOn(
  session: BuildSession,
  layer: StepLayer,
  parent: Digest | null,
): Promise<StepLayer> {
  if (parent === null) return layer;
  const { snapshots, leases } = session.room;
  const chainId = chainIdOn(parent, layer.diffId);
  leases.hold(`layer:${chainId}`, session.holder);
  const { dir } = snapshots.layer(layer.chainId);
  const { diffId, sizeBytes } = layer;
  await snapshots.addLayer({ chainId, parent, diffId }, async (target) => {
    await runOk('cp', ['-a', '--link', '--', `${dir}/.`, target], { signal: session.signal });
    return { diffId, sizeBytes };
  });
  return { chainId, diffId, sizeBytes };
}

let canBeVolatile = true;

/** Should the machine fail, the snapshot is thrown away anyhow: nothing needs to be on disk at unmount. */
function mountForStep(request: OverlayRequest): void {
  if (canBeVolatile) {
    try {
      mountOverlay({ ...request, options: ['volatile'] });
      return;
    } catch (thrown) {
      // Kernels before 5.10 do not know the option.
      if (codeOf(thrown) !== 'EINVAL') throw thrown;
      canBeVolatile = false;
    }
  }
  mountOverlay(request);
}
