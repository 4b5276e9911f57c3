// Networks of a container that exists: joining one, leaving one.
import { writeFileSync } from 'node:fs';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { formatResolvConf } from './config/host-files.ts';
import { isUp } from './record/record.ts';
import { pathsOf, type Room } from './room.ts';

/** The container is on the network when this returns, or will be from its next start on. */
export async function connectContainer(
  room: Room,
  id: string,
  join: { network: string; settings: EndpointSettings | null },
): Promise<void> {
  const record = room.store.require(id);
  const network = room.networks.resolve(join.network);
  if ('none' in (record.wiring?.networks ?? {})) {
    throw invalid(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  }
  const endpoints = { ...record.endpoints, [network.name]: join.settings };
  if (isUp(record)) {
    await room.networks.connect(network.id, id, join.settings);
    refresh(room, id);
  }
  room.store.update(id, { endpoints });
}

/** The container is off the network when this returns. Throws `not-found` or `conflict` where it was not on it. */
export async function disconnectContainer(room: Room, id: string, leave: { network: string }): Promise<void> {
  const record = room.store.require(id);
  const network = room.networks.resolve(leave.network);
  if (isUp(record)) {
    await room.networks.disconnect(network.id, id);
    refresh(room, id);
  }
  const { [network.name]: _, [network.id]: __, ...endpoints } = record.endpoints;
  const mode = record.hostConfig.NetworkMode;
  const leavesMain = mode === network.name || mode === network.id;
  const hostConfig = leavesMain
    ? { ...record.hostConfig, NetworkMode: Object.keys(endpoints)[0] ?? 'none' }
    : record.hostConfig;
  room.store.update(id, { endpoints, hostConfig });
}

/** Addresses changed: the record follows. Name servers of the networks it is on now are asked from now on. */
function refresh(room: Room, id: string): void {
  const record = room.store.require(id);
  if (record.wiring === undefined) return;
  room.store.update(id, { wiring: { ...record.wiring, networks: room.networks.settingsOf(id) } });
  const nameservers = room.networks.serversOf(id);
  if (nameservers.length === 0) return;
  const text = formatResolvConf({
    nameservers,
    search: record.hostConfig.DnsSearch ?? [],
    options: ['ndots:0'],
  });
  writeFileSync(pathsOf(room, id).resolvConf, text);
}
