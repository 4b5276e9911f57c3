// What one image is: inspect and history.
import type { ImageHistoryEntry, ImageInspect } from '#shared/contract/image.ts';
import { msOf, zeroTime } from '#shared/notation/time.ts';
import type { HistoryEntry } from '#shared/oci/specs.ts';
import type { ImageRecord } from './record.ts';
import type { ImageRoom } from './room.ts';

type InspectRoom = Pick<ImageRoom, 'store' | 'snapshots'>;

/** Throws `not-found`. */
export function inspectImage({ store, snapshots }: InspectRoom, name: string): ImageInspect {
  const image = store.resolve(name);
  const { config } = image;
  const data: Record<string, string> =
    image.chainId === null ? {} : { UpperDir: snapshots.layer(image.chainId).dir };
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.repoDigests,
    Parent: image.parent ?? '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: image.createdAt,
    DockerVersion: '',
    Author: config.author ?? '',
    Config: config.config ?? {},
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.sizeBytes,
    VirtualSize: image.sizeBytes,
    GraphDriver: { Name: 'overlay2', Data: data },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: image.taggedAt ?? zeroTime },
  };
}

/** Newest step first. Only the image itself has an ID; the steps below are `<missing>`, as in Docker. */
export function historyOf({ store }: Pick<InspectRoom, 'store'>, name: string): ImageHistoryEntry[] {
  const image = store.resolve(name);
  const sizes = image.layers.map((layer) => layer.size);
  const entries = completeHistory(image).map((step): ImageHistoryEntry => {
    const createdMs = step.created === undefined ? 0 : msOf(step.created);
    return {
      Id: '<missing>',
      Created: Math.max(0, Math.floor(createdMs / 1000)),
      CreatedBy: step.created_by ?? '',
      Tags: null,
      Size: step.empty_layer ? 0 : (sizes.shift() ?? 0),
      Comment: step.comment ?? '',
    };
  });
  const last = entries.at(-1);
  if (last !== undefined) {
    last.Id = image.id;
    last.Tags = image.tags.length === 0 ? null : image.tags;
  }
  return entries.reverse();
}

/** Layers that the history does not tell of get a step of their own. */
export function completeHistory(image: ImageRecord): HistoryEntry[] {
  const told = image.config.history ?? [];
  const withLayer = told.filter((step) => !step.empty_layer).length;
  const untold = Math.max(0, image.layers.length - withLayer);
  return [...told, ...Array.from({ length: untold }, (): HistoryEntry => ({ created: image.createdAt }))];
}
