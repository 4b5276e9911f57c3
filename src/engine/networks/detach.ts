// Detach: a container that ended gives everything back.
import { detachVeth } from '#kernel/links.ts';
import { removeNetns } from '#kernel/netns.ts';
import type { NetworkRoom } from './room.ts';

/**
 * Afterwards the container has no namespace, address, port or name. Safe to repeat. Its links are left to the
 * kernel, which takes them away with the namespace, but where others have that: they would go on with the address,
 * without the rules.
 */
export async function detachContainer(room: NetworkRoom, containerId: string): Promise<void> {
  const sandbox = room.store.sandbox(containerId);
  if (sandbox === undefined) return;
  if (sandbox.isShared === true && sandbox.mode !== 'host')
    for (const { link } of sandbox.endpoints) detachVeth({ netns: sandbox.netnsPath, name: link });
  if (sandbox.mode !== 'host') removeNetns(sandbox.netnsPath);
  room.store.deleteSandbox(containerId);
  // The rules go before the address and the port are anybody's again.
  const rules = room.firewall.remove(sandbox);
  await Promise.all([rules, room.tellNames(sandbox.endpoints.map(({ networkId }) => networkId))]);
  for (const port of sandbox.ports) room.reservations.release(port);
  for (const endpoint of sandbox.endpoints) {
    room.releaseAddress(endpoint);
    room.announce('disconnect', endpoint, sandbox);
  }
}
