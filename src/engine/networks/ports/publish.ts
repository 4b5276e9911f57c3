// From what a container asks to publish to host ports that are reserved for it.
import type { PortBinding, PortMap } from '#shared/contract/network.ts';
import { conflict, isKind, unsupported } from '#shared/errors.ts';
import { isIpv6, parsePortKey, parsePortRange } from '#shared/notation/port.ts';
import type { Scope } from '#shared/scope.ts';
import type { PublishedPort } from '../record.ts';
import type { PortPlace, Reservations } from './reservations.ts';

/** Host ports that are given where none is asked for: Linux's own range of ephemeral ports, as in Docker. */
const ephemeral = { start: 32768, end: 60999 };

export interface PublishRequest {
  /** Keys such as `80/tcp`. */
  exposedPorts: string[];
  portBindings: PortMap;
  /** Whether exposed ports without a binding get a host port too. */
  publishAll: boolean;
  containerAddress: string;
  /** The container's name, for whoever wants the same port. */
  owner: string;
}

interface Wanted extends Omit<PublishedPort, 'hostPort'> {
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
    const { range: _, ...rest } = each;
    const hostPort = await takeOne(reservations, each, request.owner);
    const port = { ...rest, hostPort };
    scope.undo(() => reservations.release(port));
    published.push(port);
  }
  return published;
}

const sizeOf = ({ range }: Wanted): number => range.end - range.start;

function wantedPorts(request: PublishRequest): Wanted[] {
  const bindings: PortMap = { ...request.portBindings };
  if (request.publishAll) {
    for (const key of request.exposedPorts) {
      if ((bindings[key] ?? []).length === 0) bindings[key] = [{ HostIp: '', HostPort: '' }];
    }
  }
  return Object.entries(bindings).flatMap(([key, each]) =>
    (each ?? []).map((binding) => wantedPort(key, binding, request.containerAddress)),
  );
}

function wantedPort(key: string, binding: PortBinding, containerAddress: string): Wanted {
  const { port, protocol } = parsePortKey(key);
  const hostAddress = binding.HostIp || '0.0.0.0';
  if (protocol === 'sctp') throw unsupported(`publishing ${key} is not supported: only tcp and udp are`);
  if (isIpv6(hostAddress)) {
    throw unsupported(`publishing on the IPv6 address ${hostAddress} is not supported`, {
      hint: 'Name an IPv4 address of the host, or none.',
    });
  }
  const range = binding.HostPort ? parsePortRange(binding.HostPort) : ephemeral;
  const anyPort = range.start === 0 ? ephemeral : range;
  return {
    protocol,
    hostAddress,
    key: `${port}/${protocol}`,
    containerPort: port,
    containerAddress,
    range: anyPort,
  };
}

let lastEphemeral = ephemeral.start - 1;

async function takeOne(reservations: Reservations, wanted: Wanted, owner: string): Promise<number> {
  const { start, end } = wanted.range;
  const count = end - start + 1;
  const free = wanted.range === ephemeral;
  const from = free ? lastEphemeral + 1 - start : 0;
  for (let step = 0; step < count; step++) {
    const hostPort = start + ((from + step) % count);
    const place: PortPlace = { protocol: wanted.protocol, hostAddress: wanted.hostAddress, hostPort };
    try {
      await reservations.take(place, owner);
      if (free) lastEphemeral = hostPort;
      return hostPort;
    } catch (thrown) {
      if (count === 1 || !isKind(thrown, 'conflict')) throw thrown;
    }
  }
  throw conflict(`Bind for ${wanted.hostAddress}:${start}-${end} failed: all ports are allocated`, {
    hint: 'Choose another range, or leave the host port empty.',
  });
}

/** The ports of a running container as inspect shows them: exposed ones that are not published are null. */
export function portMapOf(published: PublishedPort[], exposedPorts: string[]): PortMap {
  const map: PortMap = Object.fromEntries(exposedPorts.map((key) => [key, null]));
  for (const { key, hostAddress, hostPort } of published) {
    map[key] = [...(map[key] ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }];
  }
  return map;
}
