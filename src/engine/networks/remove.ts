// Remove and prune: networks that nobody is on go.
import { conflict, forbidden } from '#shared/errors.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';
import { type Filters, filterKeysOnly, matchLabel } from '#shared/notation/filter.ts';
import { msOf, nowMs } from '#shared/notation/time.ts';
import { removeDevice } from './bridge.ts';
import type { NetworkRoom } from './room.ts';
import { type BridgeNetwork, isBridge } from './store.ts';

/** Afterwards the network is gone. Throws `forbidden` for a predefined one and where containers are on it. */
export async function removeNetwork(room: NetworkRoom, reference: string): Promise<void> {
  const network = room.store.resolve(reference);
  if (!isBridge(network) || network.name === 'bridge') {
    throw forbidden(`${network.name} is a pre-defined network and cannot be removed`);
  }
  assertUnused(room, network);
  room.store.deleteNetwork(network.id);
  room.forgetPool(network.id);
  await room.firewall.remove({ bridges: [network] });
  removeDevice(network);
  await room.names.refresh([network.id]);
  room.events.emit('network', 'destroy', network.id, { name: network.name, type: network.driver });
}

function assertUnused(room: NetworkRoom, network: BridgeNetwork): void {
  const members = room.store.members(network.id);
  if (members.length === 0) return;
  const users = members.map(
    ({ sandbox, endpoint }) => `name:"${sandbox.name}" id:"${endpoint.id.slice(0, 12)}"`,
  );
  const what = `error while removing network: network ${network.name} id ${network.id}`;
  const names = members.map(({ sandbox }) => sandbox.name).join(' ');
  throw conflict(`${what} has active endpoints (${users.join(', ')})`, {
    hint: `Stop the containers first: wharf stop ${names}`,
  });
}

/** Removes the networks that a user made, that nobody is on and that `filters` (until, label, label!) choose. */
export async function pruneNetworks(
  room: NetworkRoom,
  filters: Filters,
): Promise<{ NetworksDeleted: string[] }> {
  filterKeysOnly(filters, ['until', 'label', 'label!']);
  const [until] = filters.get('until') ?? [];
  const limit = until === undefined ? undefined : parseTimestamp(until, nowMs());
  const limitMs = limit === undefined ? Number.POSITIVE_INFINITY : limit.seconds * 1000 + limit.nanos / 1e6;
  const refused = filters.get('label!') ?? [];
  const chosen = room.store
    .bridges()
    .filter(
      (network) =>
        network.name !== 'bridge' &&
        room.store.members(network.id).length === 0 &&
        msOf(network.created) < limitMs &&
        matchLabel(network.labels, filters.get('label')) &&
        !refused.some((label) => matchLabel(network.labels, [label])),
    );
  for (const network of chosen) await removeNetwork(room, network.id);
  return { NetworksDeleted: chosen.map(({ name }) => name) };
}
