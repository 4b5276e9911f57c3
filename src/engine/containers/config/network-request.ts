// What a container asks of the networks when it starts.
import type { AttachRequest } from '#engine/networks/networks.ts';
import type { LinkedName } from '#engine/networks/record.ts';
import type { NetworkingConfig } from '#shared/contract/container.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { type ContainerRecord, shortId } from '../record/record.ts';
import { pathsOf, type Room } from '../room.ts';
import { parseLink } from './links.ts';

/** The request of one start, and of what a container has that runs. */
export function attachRequestOf(room: Room, record: ContainerRecord): AttachRequest {
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
    networkMode: modeOf(room, host.NetworkMode ?? 'bridge'),
    endpoints: endpointsOf(record),
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    portBindings: host.PortBindings ?? {},
    publishAll: host.PublishAllPorts ?? false,
    dns: host.Dns ?? [],
    dnsSearch: host.DnsSearch ?? [],
    dnsOptions: host.DnsOptions ?? [],
    extraHosts: host.ExtraHosts ?? [],
    links: linksOf(room, record),
  };
}

/** Whoever shares the network of one that shares another's has that other one's. */
function modeOf(room: Room, asked: string): string {
  const seen = new Set([asked]);
  for (let mode = asked; ; ) {
    const next = room.store.get(mode.slice('container:'.length))?.hostConfig.NetworkMode ?? '';
    if (!mode.startsWith('container:') || !next.startsWith('container:') || seen.has(next)) return mode;
    seen.add(next);
    mode = next;
  }
}

/** The networks by name: those of the request, and the one of the network mode. */
export function endpointsOf(record: ContainerRecord): Record<string, EndpointSettings | null> {
  const mode = record.hostConfig.NetworkMode ?? 'bridge';
  const mac = record.config.MacAddress;
  if (!mac || mode === 'host' || mode === 'none' || mode.startsWith('container:')) return record.endpoints;
  return { ...record.endpoints, [mode]: { MacAddress: mac, ...record.endpoints[mode] } };
}

/** `--link other:alias`, for all networks and for single ones. Who is not there now may come, if it is told by name. */
export function linksOf(room: Room, { hostConfig, endpoints }: ContainerRecord): LinkedName[] {
  const asked = [hostConfig.Links, ...Object.values(endpoints).map((endpoint) => endpoint?.Links)];
  return [...new Set(asked.flatMap((links) => links ?? []))].map((link) => {
    const { target, alias } = parseLink(link);
    const isId = /^[0-9a-f]{12,64}$/.test(target) && room.store.byName(target) === undefined;
    const found = isId ? room.store.all().find(({ id }) => id.startsWith(target)) : undefined;
    return { target: found?.id ?? target, alias };
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
