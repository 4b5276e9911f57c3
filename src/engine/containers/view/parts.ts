// Parts that both list and inspect show: sizes, mount points.
import type { MountPoint } from '#shared/contract/container.ts';
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

/** A mount as the API shows it. */
export function mountPointOf(mount: ContainerMount): MountPoint {
  const { anonymous: _, copyUp: __, options: ___, subpath: ____, ...point } = mount;
  return point;
}
