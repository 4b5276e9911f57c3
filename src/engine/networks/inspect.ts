// Networks as the API shows them, one or a filtered list.
import type { Ipam, NetworkContainer, NetworkInspect } from '#shared/contract/network.ts';
import { type Filters, filterKeysOnly, flagOf, matchLabel } from '#shared/notation/filter.ts';
import type { NetworkRecord } from './record.ts';
import type { NetworkRoom } from './room.ts';

/** A network in full. */
export function inspectNetwork(room: NetworkRoom, network: NetworkRecord): NetworkInspect {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: ipamOf(network),
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: containersOf(room, network),
    Options: network.options,
    Labels: network.labels,
  };
}

function ipamOf({ bridge, ipamOptions }: NetworkRecord): Ipam {
  const options = Object.keys(ipamOptions).length === 0 ? null : ipamOptions;
  if (bridge === undefined) return { Driver: 'default', Options: null, Config: null };
  const pool = {
    Subnet: bridge.subnet,
    ...(bridge.range === undefined ? {} : { IPRange: bridge.range }),
    Gateway: bridge.gateway,
    ...(Object.keys(bridge.auxiliary).length === 0 ? {} : { AuxiliaryAddresses: bridge.auxiliary }),
  };
  return { Driver: 'default', Options: options, Config: [pool] };
}

function containersOf(room: NetworkRoom, network: NetworkRecord): Record<string, NetworkContainer> {
  const rows = room.store.members(network.id).map(({ sandbox, endpoint }) => [
    sandbox.containerId,
    {
      Name: sandbox.name,
      EndpointID: endpoint.id,
      MacAddress: endpoint.mac,
      IPv4Address: `${endpoint.address}/${endpoint.prefixLength}`,
      IPv6Address: '',
    },
  ]);
  return Object.fromEntries(rows) as Record<string, NetworkContainer>;
}

const filterKeys = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

/** The networks that `filters` choose, the oldest first. Throws `invalid` for an unknown filter. */
export function listNetworks(room: NetworkRoom, filters: Filters): NetworkInspect[] {
  filterKeysOnly(filters, filterKeys);
  const dangling = flagOf(filters, 'dangling');
  const one = (key: string, matches: (value: string) => boolean): boolean => {
    const values = filters.get(key) ?? [];
    return values.length === 0 || values.some(matches);
  };
  return room.store
    .networks()
    .filter((network) => {
      const custom = network.driver === 'bridge' && network.name !== 'bridge';
      const unused = custom && room.store.members(network.id).length === 0;
      return (
        one('driver', (value) => network.driver === value) &&
        one('id', (value) => network.id.startsWith(value)) &&
        one('name', (value) => network.name.includes(value)) &&
        one('scope', (value) => value === 'local') &&
        one('type', (value) => (value === 'custom') === custom) &&
        matchLabel(network.labels, filters.get('label')) &&
        (dangling === undefined || dangling === unused)
      );
    })
    .map((network) => inspectNetwork(room, network));
}
