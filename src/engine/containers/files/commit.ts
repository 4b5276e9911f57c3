// Commit: an image out of a container's file system and configuration.
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerConfig } from '#shared/contract/container.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { type ImageConfig, type ImageRunConfig, mediaTypes } from '#shared/oci/specs.ts';
import { packLayer, unpackLayer } from '#storage/archive/archive.ts';
import { chainIdOf } from '#storage/snapshots/chain-id.ts';
import type { ContainerRecord } from '../record/record.ts';
import { announce, type Room } from '../room.ts';
import { applyChanges } from './commit-changes.ts';

export interface CommitOptions {
  /** Name of the image; none where it is absent. */
  reference?: string | undefined;
  comment?: string | undefined;
  author?: string | undefined;
  /** Freeze a running container meanwhile. */
  pause?: boolean;
  /** Dockerfile instructions, such as `CMD ["sh"]`. */
  changes?: readonly string[];
  /** Replaces fields of the container's configuration. */
  config?: Partial<ContainerConfig> | undefined;
}

/** The id of the image. Its new layer is what the container has written; its layers below are shared. */
export async function commitContainer(
  room: Room,
  record: ContainerRecord,
  options: CommitOptions,
): Promise<Digest> {
  const base = room.images.resolve(record.imageId);
  const layer = await freezing(room, record, options.pause ?? true, () => layerOf(room, record));
  const created = nowRfc3339Nano();
  const config: ImageConfig = {
    ...base.config,
    created,
    ...(options.author ? { author: options.author } : {}),
    config: applyChanges(imageConfigOf({ ...record.config, ...options.config }), options.changes ?? []),
    rootfs: { type: 'layers', diff_ids: [...base.config.rootfs.diff_ids, layer] },
    history: [
      ...(base.config.history ?? []),
      {
        created,
        created_by: [record.path, ...record.args].join(' '),
        ...(options.author ? { author: options.author } : {}),
        ...(options.comment ? { comment: options.comment } : {}),
      },
    ],
  };
  const image = await room.images.record({
    config,
    layers: [...base.layers, { diffId: layer }],
    ...(options.reference ? { tags: [options.reference] } : {}),
  });
  announce(room, record, 'commit', { comment: options.comment ?? '', imageID: image.id });
  return image.id;
}

async function freezing<T>(
  room: Room,
  record: ContainerRecord,
  pause: boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (!pause || record.phase !== 'running') return await work();
  await room.runtime.pause(record.id);
  try {
    return await work();
  } finally {
    await room.runtime.resume(record.id);
  }
}

/** What was written becomes a layer of its own; the container goes on with its copy. */
async function layerOf(room: Room, record: ContainerRecord): Promise<Digest> {
  const scratch = join(room.root, 'tmp');
  makeFolders(mkdirSync, scratch, 0o700);
  const tar = join(scratch, `commit-${randomBytes(6).toString('hex')}.tar`);
  try {
    const { diffId } = await packLayer({ dir: room.snapshots.get(record.id).upper, output: tar });
    const base = room.images.resolve(record.imageId);
    const chainId = chainIdOf([...base.config.rootfs.diff_ids, diffId]);
    await room.snapshots.addLayer({ chainId, parent: record.chainId, diffId }, (target) =>
      unpackLayer({ blob: tar, mediaType: mediaTypes.ociLayer, target }),
    );
    return diffId;
  } finally {
    rmSync(tar, { force: true });
  }
}

/** The fields that an image has too. */
function imageConfigOf(config: ContainerConfig): ImageRunConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, Shell } = config;
  return {
    ...(User ? { User } : {}),
    ...(ExposedPorts ? { ExposedPorts } : {}),
    Env: Env ?? [],
    ...(Entrypoint ? { Entrypoint } : {}),
    ...(Cmd ? { Cmd } : {}),
    ...(Volumes ? { Volumes } : {}),
    ...(WorkingDir ? { WorkingDir } : {}),
    ...(Labels ? { Labels } : {}),
    ...(StopSignal ? { StopSignal } : {}),
    ...(Shell ? { Shell } : {}),
    ...(config.Healthcheck ? { Healthcheck: config.Healthcheck } : {}),
    ...(config.OnBuild ? { OnBuild: config.OnBuild } : {}),
  };
}
