// Parts that both list and inspect show: sizes, mount points.
import type { MountPoint } from '#shared/contract/container.ts';
import { cleanPath } from '#shared/notation/mount.ts';
import type { ContainerMount, ContainerRecord } from '../record/record.ts';
import type { Room } from '../room.ts';

/** Bytes of the writable layer, and of it with the image. */
export async function sizesOf(
  room: Room,
  record: ContainerRecord,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const { sizeBytes } = await room.snapshots.usage(record.id);
  let imageBytes = 0;
  try {
    imageBytes = room.images.resolve(record.imageId).sizeBytes;
  } catch {
    // An image that was removed by force: only its layers are left.
  }
  return { SizeRw: sizeBytes, SizeRootFs: sizeBytes + imageBytes };
}

/** The mounts as the API shows them: those of `HostConfig.Tmpfs` are told there, and only there. */
export function mountPointsOf(record: ContainerRecord): MountPoint[] {
  const inTmpfs = new Set(Object.keys(record.hostConfig.Tmpfs ?? {}).map(cleanPath));
  return record.mounts.filter(({ Destination }) => !inTmpfs.has(Destination)).map(mountPointOf);
}

function mountPointOf(mount: ContainerMount): MountPoint {
  const { Type, Name, Source, Destination, Driver, Mode, RW, Propagation } = mount;
  return {
    Type,
    ...(Name === undefined ? {} : { Name }),
    Source,
    Destination,
    ...(Driver === undefined ? {} : { Driver }),
    Mode,
    RW,
    Propagation,
  };
}
