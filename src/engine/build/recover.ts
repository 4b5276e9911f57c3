// After a crash: whatever an unfinished build left in the kernel, in state and on disk is taken away.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unmountUnder } from '#kernel/mounts.ts';
import { removeNetns } from '#kernel/netns.ts';
import { messageOf } from '#shared/errors.ts';
import type { BuildRoom } from './session.ts';
import { netnsPath } from './stage-network.ts';

/** Every build that the last engine did not end is gone. Safe to repeat; must run before the first build. */
export async function recoverBuilds(room: BuildRoom): Promise<void> {
  for (const { id, value } of room.builds.all()) {
    for (const thing of value.things) await removeThing(room, thing);
    room.leases.release(`build:${id}`);
    room.builds.delete(id);
  }
  for (const folders of [join(room.root, 'build'), join(room.run, 'build')]) {
    for (const name of existsSync(folders) ? readdirSync(folders) : []) {
      if (/^[0-9a-f]{12}$/.test(name)) dropFolder(join(folders, name));
    }
  }
}

function dropFolder(dir: string): void {
  unmountUnder(dir);
  rmSync(dir, { recursive: true, force: true });
}

/** A box, a network or a snapshot of that name; each part is tried. */
async function removeThing(room: BuildRoom, thing: string): Promise<void> {
  const parts: (() => unknown)[] = [
    () => room.runtime.delete(thing),
    () => rmSync(room.runtime.bundleDir(thing), { recursive: true, force: true }),
    () => room.networks.detach(thing),
    () => removeNetns(netnsPath(room.run, thing)),
    () => room.snapshots.remove(thing),
  ];
  for (const part of parts) {
    try {
      await part();
    } catch (thrown) {
      room.warn?.(`cleaning up build step ${thing}: ${messageOf(thrown)}`);
    }
  }
}
