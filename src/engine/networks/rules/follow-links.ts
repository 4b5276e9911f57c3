// Links that come and go: first what the firewall lets through, then what the bridge does; and back the other way.
import { joinBridge } from '#kernel/links.ts';
import { asksItself, isLocked, isolatesPorts } from '../bridge.ts';
import type { NetworkRoom } from '../room.ts';
import { type Openings, openingsOf } from './openings.ts';
import { isolatesMembers } from './options.ts';

/** What links open by the records, and by how the host treats bridged packets now. */
export const currentOpenings = (room: Pick<NetworkRoom, 'store' | 'defaultBridge'>): Openings =>
  openingsOf(room.store, () => isolatesPorts(room.defaultBridge()));

/**
 * Afterwards containers that are kept apart reach those that they are linked to, and nobody else. A container that
 * others are linked to is unlocked on the bridge while the rules say who reaches it: never without them. Costs nothing
 * where the default network keeps nobody apart.
 */
export async function followLinks(room: NetworkRoom): Promise<void> {
  if (room.opened.openings.length === 0 && !isolatesMembers(room.defaultBridge())) return;
  await room.lock.run('links', async () => {
    const before = room.opened;
    const after = currentOpenings(room);
    room.opened = after;
    const locked = before.unlocked.filter((link) => !after.unlocked.includes(link));
    const unlocked = after.unlocked.filter((link) => !before.unlocked.includes(link));
    setPorts(room, locked);
    await room.firewall.reopen(before, after);
    setPorts(room, unlocked);
  });
}

/** As `followLinks` after a restart: the bridge may have been left in between. */
export async function settleLinks(room: NetworkRoom): Promise<void> {
  await followLinks(room);
  setPorts(room, room.opened.unlocked);
}

/** Afterwards the ports of these links keep apart whom they ought to. */
function setPorts(room: NetworkRoom, hostLinks: string[]): void {
  if (hostLinks.length === 0) return;
  const network = room.defaultBridge();
  for (const { sandbox, endpoint } of room.store.members(network.id)) {
    if (!hostLinks.includes(endpoint.hostLink)) continue;
    joinBridge({
      bridge: network.bridge.device,
      hostName: endpoint.hostLink,
      isolated: isLocked(room, network, endpoint),
      hairpin: asksItself(sandbox, endpoint),
    });
  }
}
