// Who uses a volume.
import type { VolumeRoom } from './room.ts';

/** The ids of the containers that have the volume, running or not. */
export function usersOf(room: VolumeRoom, name: string): string[] {
  return room.leases.holders(`volume:${name}`).map((holder) => holder.replace(/^container:/, ''));
}
