// Host ports in use: each published port is held by a socket of ours, so that no other program takes it.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { addressesHeld, portHolder } from '#kernel/port-holder.ts';
import { type HeldPort, hasSctp, holdSctp } from '#kernel/sockets.ts';
import { codeOf, conflict, EngineError, internal, invalid, messageOf, unsupported } from '#shared/errors.ts';
import type { PortProtocol } from '#shared/notation/port.ts';
import { familyOf } from '../addresses/cidr.ts';
import type { PublishedPort } from '../record.ts';
import { relayConnection, relayPackets } from './relay.ts';

export type PortPlace = Pick<PublishedPort, 'protocol' | 'hostAddress' | 'hostPort' | 'path'>;

interface Held {
  owner: string;
  port: PublishedPort;
  socket: Server | DatagramSocket | HeldPort;
}

const keyOf = (place: PortPlace): string => `${place.protocol} ${place.hostAddress} ${place.hostPort}`;
const namesPort = 53;
const isAnywhere = (address: string): boolean => address === '0.0.0.0' || address === '::';

/**
 * The kernel sends connections on before they would get to these sockets. What does get here is what it cannot
 * translate: between IPv4 and IPv6, and from ::1 on some hosts; that is copied.
 */
export class Reservations {
  #held = new Map<string, Held>();
  readonly #namesAt: () => string[];

  /** `namesAt` gives the addresses of which port 53 belongs to name servers of the engine's own. */
  constructor(namesAt: () => string[] = () => []) {
    this.#namesAt = namesAt;
  }

  /**
   * Takes a host port for `owner` (a container's name). Throws `conflict` with the name of the container or
   * process that has it.
   */
  async take(port: PublishedPort, owner: string): Promise<void> {
    if (port.path === 'routed') return;
    const other = this.#heldBy(port);
    if (other !== undefined)
      throw taken(port, other === owner ? 'It is asked for twice.' : `Container ${other} has it.`);
    const key = keyOf(port);
    if (port.protocol === 'sctp') {
      this.#held.set(key, { owner, port, socket: holdSctpPort(port) });
      return;
    }
    const holding = this.#isBesideNames(port) ? this.#loopbackOf(port) : port;
    const socket = this.#socketFor(port);
    // Recorded before the wait: a second taker in between must see it.
    this.#held.set(key, { owner, port, socket });
    try {
      await listen(socket, holding);
    } catch (thrown) {
      this.#held.delete(key);
      throw failure(port, thrown);
    }
    socket.unref();
    socket.on('error', () => {});
  }

  /** Whether one of our containers has the port. */
  isTaken(place: PortPlace): boolean {
    return this.#heldBy(place) !== undefined;
  }

  /** What the container `from` holds is told as that of `to`. */
  rename(from: string, to: string): void {
    for (const held of this.#held.values()) if (held.owner === from) held.owner = to;
  }

  /** Connections that are copied go to the port's new target. */
  retarget(port: PublishedPort): void {
    const held = this.#held.get(keyOf(port));
    if (held !== undefined) held.port = port;
  }

  /** Gives the port back; not having it is fine. */
  release(place: PortPlace): void {
    const key = keyOf(place);
    this.#held.get(key)?.socket.close();
    this.#held.delete(key);
  }

  /** Gives all back. */
  close(): void {
    for (const { socket } of this.#held.values()) socket.close();
    this.#held.clear();
  }

  #socketFor(port: PublishedPort): Server | DatagramSocket {
    const isIpv6 = familyOf(port.hostAddress) === 6;
    const key = keyOf(port);
    if (port.protocol === 'udp') {
      const socket = createSocket({
        type: isIpv6 ? 'udp6' : 'udp4',
        ...(isIpv6 ? { ipv6Only: true } : {}),
      });
      relayPackets(socket, () => this.#held.get(key)?.port);
      return socket;
    }
    return createServer({ allowHalfOpen: true }, (socket) =>
      relayConnection(socket, this.#held.get(key)?.port),
    );
  }

  /** Every address, but for those at which networks' name servers answer: no socket can have all others. */
  #isBesideNames({ hostAddress, hostPort, protocol, path }: PortPlace): boolean {
    return hostPort === namesPort && protocol !== 'sctp' && path === 'nat' && isAnywhere(hostAddress);
  }

  /** Keeps other programs from having the port everywhere. Throws where one has it at an address that is not the engine's. */
  #loopbackOf(port: PublishedPort): PortPlace {
    const family = familyOf(port.hostAddress);
    const names = this.#namesAt();
    for (const address of isSearchable(port.protocol) ? addressesHeld(port.protocol, port.hostPort) : [])
      if (familyOf(address) === family && !names.includes(address))
        throw inTheWay(port, { ...port, hostAddress: address });
    return { ...port, hostAddress: family === 4 ? '127.0.0.1' : '::1' };
  }

  #heldBy(place: PortPlace): string | undefined {
    for (const { owner, port } of this.#held.values()) {
      if (port.protocol !== place.protocol || port.hostPort !== place.hostPort) continue;
      if (familyOf(port.hostAddress) !== familyOf(place.hostAddress)) continue;
      if (
        isAnywhere(port.hostAddress) ||
        isAnywhere(place.hostAddress) ||
        port.hostAddress === place.hostAddress
      )
        return owner;
    }
    return undefined;
  }
}

// What the kernel cannot translate of SCTP is refused before: the socket takes nothing in.
function holdSctpPort(port: PublishedPort): HeldPort {
  if (!hasSctp()) throw noSctp(port);
  try {
    return holdSctp(port.hostAddress, port.hostPort);
  } catch (thrown) {
    throw failure(port, thrown);
  }
}

function listen(socket: Server | DatagramSocket, { hostAddress, hostPort }: PortPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    const done = (): void => {
      socket.off('error', reject);
      resolve();
    };
    if ('bind' in socket) socket.bind({ address: hostAddress, port: hostPort, exclusive: true }, done);
    else
      socket.listen(
        { host: hostAddress, port: hostPort, exclusive: true, ipv6Only: hostAddress.includes(':') },
        done,
      );
  });
}

/** `127.0.0.1:80`, `[::1]:80` */
export const placeText = ({ hostAddress, hostPort }: Pick<PortPlace, 'hostAddress' | 'hostPort'>): string =>
  hostAddress.includes(':') ? `[${hostAddress}]:${hostPort}` : `${hostAddress}:${hostPort}`;

function taken(place: PortPlace, hint: string): EngineError {
  return conflict(`Bind for ${placeText(place)} failed: port is already allocated`, { hint });
}

const noSctp = (port: PublishedPort): EngineError =>
  unsupported(`publishing ${port.key} is not possible: the kernel has no SCTP`, {
    hint: 'Load its module (modprobe sctp), or publish tcp or udp.',
  });

function inTheWay(place: PortPlace, held: PortPlace): EngineError {
  const holder = holderOf(held);
  const who = holder === undefined ? 'Another program' : `Process ${holder.pid} (${holder.program})`;
  return taken(place, `${who} has it; choose another host port.`);
}

function failure(place: PortPlace, thrown: unknown): EngineError {
  if (codeOf(thrown) === 'EADDRINUSE') return inTheWay(place, place);
  const where = `${place.protocol} ${placeText(place)}`;
  if (codeOf(thrown) === 'EADDRNOTAVAIL') {
    return new EngineError('invalid', `listen ${where}: bind: cannot assign requested address`, {
      hint: 'The host has no such address.',
    });
  }
  // A link-local address says nothing without its link.
  if (codeOf(thrown) === 'EINVAL') return invalid(`listen ${where}: bind: invalid argument`);
  return internal(`listen ${where}: ${messageOf(thrown)}`, { cause: thrown });
}

const isSearchable = (protocol: PortProtocol): protocol is 'tcp' | 'udp' => protocol !== 'sctp';

function holderOf({ protocol, hostAddress, hostPort }: PortPlace) {
  return portHolder(protocol, hostAddress, hostPort);
}
