// What a container asks of the networks when it starts.
import type { AttachRequest } from '#engine/networks/networks.ts';
import type { NetworkingConfig } from '#shared/contract/container.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { type ContainerRecord, shortId } from '../record/record.ts';
import { pathsOf, type Room } from '../room.ts';

/** The request of one start. */
export function attachRequestOf(room: Room, record: ContainerRecord): AttachRequest {
  const request = ownRequestOf(room, record);
  return { ...request, extraHosts: [...request.extraHosts, ...linkHosts(room, record)] };
}

/** As `attachRequestOf`, without what `--link` adds: the other container may be gone since the start. */
export function ownRequestOf(room: Room, record: ContainerRecord): AttachRequest {
  const { config, hostConfig: host } = record;
  const { netns, hosts } = pathsOf(room, record.id);
  return {
    containerId: record.id,
    name: record.name,
    shortId: shortId(record.id),
    hostname: config.Hostname ?? '',
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    netnsPath: netns,
    hostsPath: hosts,
    networkMode: host.NetworkMode ?? 'bridge',
    endpoints: endpointsOf(record),
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    portBindings: host.PortBindings ?? {},
    publishAll: host.PublishAllPorts ?? false,
    dns: host.Dns ?? [],
    dnsSearch: host.DnsSearch ?? [],
    dnsOptions: host.DnsOptions ?? [],
    extraHosts: host.ExtraHosts ?? [],
  };
}

/** The networks by name: those of the request, and the one of the network mode. */
function endpointsOf(record: ContainerRecord): Record<string, EndpointSettings | null> {
  const mode = record.hostConfig.NetworkMode ?? 'bridge';
  const mac = record.config.MacAddress;
  if (!mac || mode === 'host' || mode === 'none' || mode.startsWith('container:')) return record.endpoints;
  return { ...record.endpoints, [mode]: { MacAddress: mac, ...record.endpoints[mode] } };
}

/** `--link other:alias` on the default bridge: the other's address under its names. */
function linkHosts(room: Room, record: ContainerRecord): string[] {
  return (record.hostConfig.Links ?? []).flatMap((link) => {
    const [target = '', alias = target] = link.split(':');
    const other = room.store.resolve(target);
    const address = Object.values(other.wiring?.networks ?? {})[0]?.IPAddress;
    if (!address) return [];
    return [...new Set([alias.split('/').at(-1) ?? alias, other.name, shortId(other.id)])].map(
      (name) => `${name}:${address}`,
    );
  });
}

/** The endpoints that were asked for; `default`, which the stock client writes, is another name of `bridge`. */
export function askedEndpoints(
  networking: NetworkingConfig | null | undefined,
): ContainerRecord['endpoints'] {
  const entries = Object.entries(networking?.EndpointsConfig ?? {});
  return Object.fromEntries(
    entries.map(([name, endpoint]) => [name === 'default' ? 'bridge' : name, endpoint]),
  );
}
