// Detach: a container that ended gives everything back.
import { detachVeth } from '#kernel/links.ts';
import { isNetns, removeNetns } from '#kernel/netns.ts';
import type { Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { followLinks } from './rules/follow-links.ts';

/** Afterwards the container has no namespace, address, port or name. Safe to repeat. */
export async function detachContainer(room: NetworkRoom, containerId: string): Promise<void> {
  const sandbox = room.store.sandbox(containerId);
  if (sandbox === undefined) return;
  if (sandbox.mode !== 'host') removeSandbox(sandbox);
  room.store.deleteSandbox(containerId);
  // The rules go before the address and the port are anybody's again.
  const rules = room.firewall.remove(sandbox);
  await Promise.all([
    rules,
    followLinks(room),
    room.tellNames(sandbox.endpoints.map(({ networkId }) => networkId)),
  ]);
  for (const port of sandbox.ports) room.reservations.release(port);
  for (const endpoint of sandbox.endpoints) {
    room.releaseAddress(endpoint);
    room.announce('disconnect', endpoint, sandbox);
  }
}

/**
 * Afterwards the sandbox has no namespace. Links on bridges are left to the kernel, which takes them away with the
 * namespace, but where others have that: they would go on with the address, without the rules. Links on a parent
 * hold it and their address until then, and whoever wants either next may come sooner.
 */
export function removeSandbox({ netnsPath, endpoints, isShared }: Sandbox): void {
  const own = endpoints.filter(({ hostLink }) => isShared === true || hostLink === '');
  if (own.length > 0 && isNetns(netnsPath))
    for (const { link } of own) detachVeth({ netns: netnsPath, name: link });
  removeNetns(netnsPath);
}
