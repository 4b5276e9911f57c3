// A container's file system as seen from outside, running or not.
import { type ContainerRecord, isUp } from '../record/record.ts';
import type { Room } from '../room.ts';

export interface OpenRootfs extends Disposable {
  /** Host path of the container's root. */
  root: string;
}

/** The root, mounted until disposed. That of a running container has all its mounts in it. */
export function openRootfs(room: Room, record: ContainerRecord): OpenRootfs {
  if (isUp(record)) return { root: `/proc/${record.pid}/root`, [Symbol.dispose]: () => undefined };
  const live = room.live.of(record.id);
  const root = room.snapshots.mount(record.id);
  live.rootfsUsers++;
  let open = true;
  return {
    root,
    [Symbol.dispose]: () => {
      if (!open) return;
      open = false;
      live.rootfsUsers--;
      const now = room.store.get(record.id);
      const resting = now !== undefined && !isUp(now) && now.phase !== 'starting';
      if (resting && live.rootfsUsers === 0) room.snapshots.unmount(record.id);
    },
  };
}

/** Where a path is to be looked for: in the root, or in a volume or bind mount of a container that does not run. */
export function placeOf(record: ContainerRecord, root: string, path: string): { root: string; path: string } {
  if (isUp(record)) return { root, path };
  const holding = record.mounts
    .filter((mount) => mount.Type !== 'tmpfs' && isBelow(path, mount.Destination))
    .sort((a, b) => b.Destination.length - a.Destination.length)[0];
  if (holding === undefined) return { root, path };
  return { root: holding.Source, path: path.slice(holding.Destination.length) || '/' };
}

function isBelow(path: string, dir: string): boolean {
  return path === dir || path.startsWith(`${dir}/`);
}
