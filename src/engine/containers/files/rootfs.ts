// A container's file system as seen from outside, running or not.
import { type ContainerRecord, isUp } from '../record/record.ts';
import type { Room } from '../room.ts';
import { mountView } from './view.ts';

export interface OpenRootfs extends Disposable {
  /** Host path of the container's root. */
  root: string;
}

export interface OpenRootfsOptions {
  /** Without volumes, binds and images. */
  bare?: boolean;
}

/** The root with what is mounted in it, until disposed: that of a container which runs, or what it would have. */
export function openRootfs(room: Room, record: ContainerRecord, options: OpenRootfsOptions = {}): OpenRootfs {
  const isRunning = isUp(record);
  if (isRunning && options.bare !== true)
    return { root: `/proc/${record.pid}/root`, [Symbol.dispose]: () => {} };
  const rootfs = openSnapshot(room, record);
  if (options.bare === true || record.mounts.every(({ Type }) => Type === 'tmpfs')) return rootfs;
  try {
    const view = mountView(room, record, rootfs.root);
    return {
      root: view.root,
      [Symbol.dispose]: () => {
        view[Symbol.dispose]();
        rootfs[Symbol.dispose]();
      },
    };
  } catch (thrown) {
    rootfs[Symbol.dispose]();
    throw thrown;
  }
}

function openSnapshot(room: Room, record: ContainerRecord): OpenRootfs {
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
