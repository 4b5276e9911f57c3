// Remove and prune: networks that nobody is on go.
import { conflict, forbidden } from '#shared/errors.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';
import { type Filters, filterKeysOnly, matchLabel } from '#shared/notation/filter.ts';
import { msOf, nowMs } from '#shared/notation/time.ts';
import { removeDevice } from './bridge.ts';
import type { NetworkRecord } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { isBridge, isJoinable } from './store.ts';

/** Afterwards the network is gone. Throws `forbidden` for a predefined one and where containers are on it. */
export async function removeNetwork(room: NetworkRoom, reference: string): Promise<void> {
  const network = room.store.resolve(reference);
  if (['bridge', 'host', 'none'].includes(network.name)) {
    throw forbidden(`${network.name} is a pre-defined network and cannot be removed`);
  }
  assertUnused(room, network);
  room.store.deleteNetwork(network.id);
  room.forgetPool(network.id);
  room.blocked.delete(network.id);
  if (isBridge(network)) await room.firewall.removeNetwork(network);
  if (isJoinable(network) && !isParentOfOthers(room, network)) removeDevice(network);
  await room.names.refresh([network.id]);
  room.events.emit('network', 'destroy', network.id, { name: network.name, type: network.driver });
}

// A VLAN that was made for the first of several networks.
const isParentOfOthers = (room: NetworkRoom, { parent }: NetworkRecord): boolean =>
  parent !== undefined && room.store.networks().some((each) => each.parent?.device === parent.device);

function assertUnused(room: NetworkRoom, network: NetworkRecord): void {
  const dependent = room.store.networks().find(({ configFrom }) => configFrom === network.name);
  if (dependent !== undefined)
    throw forbidden(`configuration network ${network.name} is in use by network ${dependent.name}`);
  const members = room.store.members(network.id);
  if (members.length === 0) return;
  const users = members.map(
    ({ sandbox, endpoint }) => `name:"${sandbox.name}" id:"${endpoint.id.slice(0, 12)}"`,
  );
  const what = `error while removing network: network ${network.name}`;
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
    .networks()
    .filter(
      (network) =>
        !['bridge', 'host', 'none'].includes(network.name) &&
        !room.store.networks().some(({ configFrom }) => configFrom === network.name) &&
        room.store.members(network.id).length === 0 &&
        msOf(network.created) < limitMs &&
        matchLabel(network.labels, filters.get('label')) &&
        !refused.some((label) => matchLabel(network.labels, [label])),
    );
  for (const network of chosen) await removeNetwork(room, network.id);
  return { NetworksDeleted: chosen.map(({ name }) => name) };
}
