// After a crash: whatever an unfinished build left in the kernel, in state and on disk is taken away.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unmountUnder } from '#kernel/mounts.ts';
import { removeNetns } from '#kernel/netns.ts';
import { messageOf } from '#shared/errors.ts';
import { parseDigest } from '#shared/oci/digest.ts';
import type { BuildRoom } from './session.ts';
import { netnsPath } from './stage-network.ts';

/** Every build that the last engine did not end is gone. Safe to repeat; must run before the first build. */
export async function recoverBuilds(room: BuildRoom): Promise<void> {
  room.records.recover();
  const kept = room.records.keptSnapshots();
  for (const { id, value } of room.builds.all()) {
    for (const thing of value.things) if (!kept.has(thing)) await removeThing(room, thing);
    const held = room.leases.heldBy(`build:${id}`);
    room.leases.release(`build:${id}`);
    for (const subject of held) {
      if (subject.startsWith('layer:')) room.cache.dropFree(parseDigest(subject.slice('layer:'.length)));
    }
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
