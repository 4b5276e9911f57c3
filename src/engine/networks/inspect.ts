// Networks as the API shows them, one or a filtered list.
import type { Ipam, NetworkContainer, NetworkInspect } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { type Filters, filterKeysOnly, flagOf, matchLabel } from '#shared/notation/filter.ts';
import { type Family, familyOf } from './addresses/cidr.ts';
import type { EndpointAddress, NetworkRecord } from './record.ts';
import type { NetworkRoom } from './room.ts';

/** A network in full. */
export function inspectNetwork(room: NetworkRoom, network: NetworkRecord): NetworkInspect {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: network.families?.includes(4) ?? (network.blocks.length === 0 || hasFamily(network, 4)),
    EnableIPv6: network.families?.includes(6) ?? hasFamily(network, 6),
    IPAM: ipamOf(network),
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom ?? '' },
    ConfigOnly: network.configOnly ?? false,
    Containers: containersOf(room, network),
    Options: network.options,
    Labels: network.labels,
  };
}

const hasFamily = (network: NetworkRecord, family: Family): boolean =>
  network.blocks.some(({ subnet }) => familyOf(subnet) === family);

function ipamOf({ blocks, idle = [], ipamOptions }: NetworkRecord): Ipam {
  const options = Object.keys(ipamOptions).length === 0 ? null : ipamOptions;
  const told = [...blocks, ...idle];
  if (told.length === 0) return { Driver: 'default', Options: null, Config: null };
  const pools = told.map(({ subnet, range, gateway, auxiliary }) => ({
    Subnet: subnet,
    ...(range === undefined ? {} : { IPRange: range }),
    ...(gateway === undefined ? {} : { Gateway: gateway }),
    ...(Object.keys(auxiliary).length === 0 ? {} : { AuxiliaryAddresses: auxiliary }),
  }));
  return { Driver: 'default', Options: options, Config: pools };
}

const cidrOf = (address: EndpointAddress | undefined): string =>
  address === undefined ? '' : `${address.address}/${address.prefixLength}`;

function containersOf(room: NetworkRoom, network: NetworkRecord): Record<string, NetworkContainer> {
  const rows = room.store.members(network.id).map(({ sandbox, endpoint }) => [
    sandbox.containerId,
    {
      Name: sandbox.name,
      EndpointID: endpoint.id,
      MacAddress: endpoint.mac,
      IPv4Address: cidrOf(endpoint.ipv4),
      IPv6Address: cidrOf(endpoint.ipv6),
    },
  ]);
  return Object.fromEntries(rows) as Record<string, NetworkContainer>;
}

const predefined = ['bridge', 'host', 'none'];
const filterKeys = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

/** The networks that `filters` choose, the oldest first. Throws `invalid` for an unknown filter. */
export function listNetworks(room: NetworkRoom, filters: Filters): NetworkInspect[] {
  filterKeysOnly(filters, filterKeys);
  const dangling = flagOf(filters, 'dangling');
  for (const type of filters.get('type') ?? []) {
    if (type !== 'custom' && type !== 'builtin') throw invalid(`invalid filter 'type=${type.slice(0, 100)}'`);
  }
  const one = (key: string, matches: (value: string) => boolean): boolean => {
    const values = filters.get(key) ?? [];
    return values.length === 0 || values.some(matches);
  };
  return room.store
    .networks()
    .filter((network) => {
      const custom = !predefined.includes(network.name);
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
