// From what a container asks to publish to host ports that are reserved for it.
import type { PortBinding, PortMap } from '#shared/contract/network.ts';
import { conflict, invalid, isKind, unsupported } from '#shared/errors.ts';
import { isIpv4, isIpv6, type PortProtocol, parsePortKey, parsePortRange } from '#shared/notation/port.ts';
import type { Scope } from '#shared/scope.ts';
import { canonicalAddress, type Family, familyOf } from '../addresses/cidr.ts';
import type { PortPath, PublishedPort, PublishWish } from '../record.ts';
import type { GatewayMode } from '../rules/options.ts';
import type { PortPlace, Reservations } from './reservations.ts';

/** Host ports that are given where none is asked for: Linux's own range of ephemeral ports, as in Docker. */
const ephemeral = { start: 32768, end: 60999 };

/** Where connections for a container go. */
export interface PortTarget {
  /** The container's addresses on the networks that its default routes go by. */
  ipv4?: string;
  ipv6?: string;
  /** How the families of those networks reach the world. */
  modes: Record<Family, GatewayMode>;
  /** The host's address for ports that name none; undefined: all. */
  publishAddress?: string;
  /** As of a published port. */
  direct?: 'all' | 'trusted';
}

export interface PublishRequest extends PublishWish {
  target: PortTarget;
  /** The container's name, for whoever wants the same port. */
  owner: string;
}

interface Way {
  hostAddress: string;
  containerAddress: string;
  path: PortPath;
  direct?: 'all' | 'trusted';
}

interface Wanted {
  protocol: PortProtocol;
  key: string;
  containerPort: number;
  /** One port number serves all of them. */
  ways: Way[];
  range: { start: number; end: number };
}

/** Reserves every host port that is asked for; `scope` gives them back if the attempt fails later. */
export async function reservePorts(
  reservations: Reservations,
  scope: Scope,
  request: PublishRequest,
): Promise<PublishedPort[]> {
  const published: PublishedPort[] = [];
  // Those with a port of their own first, lest a free choice takes it.
  const wanted = wantedPorts(request).sort((one, other) => sizeOf(one) - sizeOf(other));
  for (const each of wanted) {
    const ports = await takeOne(reservations, each, request.owner);
    for (const port of ports) scope.undo(() => reservations.release(port));
    published.push(...ports);
  }
  return published;
}

/** Whether anything is asked for at all. */
export const asksPorts = (wish: PublishWish): boolean =>
  wish.publishAll || Object.values(wish.portBindings).some((each) => (each ?? []).length > 0);

const sizeOf = ({ range }: Wanted): number => range.end - range.start;

function wantedPorts(request: PublishRequest): Wanted[] {
  const bindings: PortMap = { ...request.portBindings };
  if (request.publishAll) {
    for (const key of request.exposedPorts) {
      if ((bindings[key] ?? []).length === 0) bindings[key] = [{ HostIp: '', HostPort: '' }];
    }
  }
  return Object.entries(bindings).flatMap(([key, each]) =>
    (each ?? []).map((binding) => wantedPort(key, binding, request.target)),
  );
}

function wantedPort(key: string, binding: PortBinding, target: PortTarget): Wanted {
  const { port, protocol } = parsePortKey(key);
  const range = binding.HostPort ? parsePortRange(binding.HostPort) : ephemeral;
  const ways = waysOf(binding.HostIp || target.publishAddress || '', target);
  if (protocol === 'sctp' && ways.some(({ path }) => path === 'relay')) {
    throw unsupported(`publishing ${key} on ${ways[0]?.hostAddress} is not supported`, {
      hint: `The container has no IPv${familyOf(ways[0]?.hostAddress ?? '')} address, and only tcp and udp can be carried over.`,
    });
  }
  return {
    protocol,
    key: `${port}/${protocol}`,
    containerPort: port,
    ways,
    range: range.start === 0 ? ephemeral : range,
  };
}

function waysOf(hostAddress: string, target: PortTarget): Way[] {
  if (hostAddress !== '') return [wayTo(hostAddress, target)];
  // As in Docker: on both families where the container has both.
  if (target.ipv6 === undefined) return [wayTo('0.0.0.0', target)];
  return [wayTo('0.0.0.0', target), wayTo('::', target)].filter(
    (way, index, all) => way.path !== 'routed' || index === all.indexOf(way),
  );
}

function wayTo(text: string, target: PortTarget): Way {
  if (!isIpv4(text) && !isIpv6(text)) throw invalid(`invalid IP address: ${text}`);
  const hostAddress = canonicalAddress(text);
  const family = familyOf(hostAddress);
  const same = family === 4 ? target.ipv4 : target.ipv6;
  if (same !== undefined) {
    const path = target.modes[family] === 'routed' ? 'routed' : 'nat';
    // Who publishes for the host alone means nobody else.
    const isOpen = path === 'nat' && !hostAddress.startsWith('127.') && hostAddress !== '::1';
    const direct = isOpen && target.direct !== undefined ? { direct: target.direct } : {};
    return { hostAddress, containerAddress: same, path, ...direct };
  }
  return { hostAddress, containerAddress: target.ipv4 ?? target.ipv6 ?? '', path: 'relay' };
}

let lastEphemeral = ephemeral.start - 1;

async function takeOne(reservations: Reservations, wanted: Wanted, owner: string): Promise<PublishedPort[]> {
  const { start, end } = wanted.range;
  const count = end - start + 1;
  const free = wanted.range === ephemeral;
  const from = free ? lastEphemeral + 1 - start : 0;
  for (let step = 0; step < count; step++) {
    const hostPort = start + ((from + step) % count);
    try {
      const ports = await takeEverywhere(reservations, wanted, { hostPort, owner });
      if (free) lastEphemeral = hostPort;
      return ports;
    } catch (thrown) {
      if (count === 1 || !isKind(thrown, 'conflict')) throw thrown;
    }
  }
  throw conflict(`Bind for ${wanted.ways[0]?.hostAddress}:${start}-${end} failed: all ports are allocated`, {
    hint: 'Choose another range, or leave the host port empty.',
  });
}

/** The same number on each address, or on none of them. */
async function takeEverywhere(
  reservations: Reservations,
  wanted: Wanted,
  { hostPort, owner }: { hostPort: number; owner: string },
): Promise<PublishedPort[]> {
  const { protocol, key, containerPort } = wanted;
  const taken: PublishedPort[] = [];
  try {
    for (const way of wanted.ways) {
      const port: PublishedPort = { protocol, key, containerPort, hostPort, ...way };
      await reservations.take(port, owner);
      taken.push(port);
    }
    return taken;
  } catch (thrown) {
    for (const port of taken) reservations.release(port satisfies PortPlace);
    throw thrown;
  }
}

/** The same ports towards other addresses of the container; those of a family that it has no more go by a copy. */
export function retarget(ports: PublishedPort[], target: PortTarget): PublishedPort[] {
  return ports
    .map(({ direct: _, ...port }) => ({ ...port, ...wayTo(port.hostAddress, target) }))
    .filter(
      ({ containerAddress, path, protocol }) =>
        containerAddress !== '' && (path !== 'relay' || protocol !== 'sctp'),
    );
}

/** The ports of a running container as inspect shows them: exposed ones that are not published are null. */
export function portMapOf(published: PublishedPort[], exposedPorts: string[]): PortMap {
  const map: PortMap = Object.fromEntries(exposedPorts.map((key) => [key, null]));
  for (const { key, hostAddress, hostPort, path } of published) {
    if (path === 'routed') continue;
    map[key] = [...(map[key] ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }];
  }
  return map;
}
