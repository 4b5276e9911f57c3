// Host ports in use: each published port is held by a socket of ours, so that no other program takes it.
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { portHolder } from '#kernel/proc.ts';
import { codeOf, conflict, EngineError, internal, messageOf } from '#shared/errors.ts';

export interface PortPlace {
  protocol: 'tcp' | 'udp';
  hostAddress: string;
  hostPort: number;
}

interface Held {
  owner: string;
  socket: Server | Socket;
}

const keyOf = (place: PortPlace): string => `${place.protocol} ${place.hostAddress} ${place.hostPort}`;
const anywhere = '0.0.0.0';

/** The sockets are never spoken to: the kernel sends connections on before they would get here. */
export class Reservations {
  #held = new Map<string, Held>();

  /**
   * Takes a host port for `owner` (a container's name). Throws `conflict` with the name of the container or
   * process that has it.
   */
  async take(place: PortPlace, owner: string): Promise<void> {
    const other = this.#heldBy(place);
    if (other !== undefined) throw taken(place, `Container ${other} has it.`);
    const key = keyOf(place);
    const socket = place.protocol === 'tcp' ? createServer((each) => each.destroy()) : createSocket('udp4');
    // Recorded before the wait: a second taker in between must see it.
    this.#held.set(key, { owner, socket });
    try {
      await listen(socket, place);
    } catch (thrown) {
      this.#held.delete(key);
      throw failure(place, thrown);
    }
    socket.unref();
    socket.on('error', () => {});
  }

  /** Whether one of our containers has the port. */
  isTaken(place: PortPlace): boolean {
    return this.#heldBy(place) !== undefined;
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

  #heldBy(place: PortPlace): string | undefined {
    for (const [key, { owner }] of this.#held) {
      const [protocol, address, port] = key.split(' ');
      if (protocol !== place.protocol || Number(port) !== place.hostPort) continue;
      if (address === anywhere || place.hostAddress === anywhere || address === place.hostAddress)
        return owner;
    }
    return undefined;
  }
}

function listen(socket: Server | Socket, { hostAddress, hostPort }: PortPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    const done = (): void => {
      socket.off('error', reject);
      resolve();
    };
    if ('bind' in socket) socket.bind({ address: hostAddress, port: hostPort, exclusive: true }, done);
    else socket.listen({ host: hostAddress, port: hostPort, exclusive: true, backlog: 1 }, done);
  });
}

function taken(place: PortPlace, hint: string): EngineError {
  return conflict(`Bind for ${place.hostAddress}:${place.hostPort} failed: port is already allocated`, {
    hint,
  });
}

function failure(place: PortPlace, thrown: unknown): EngineError {
  if (codeOf(thrown) === 'EADDRINUSE') {
    const holder = portHolder(place.protocol, place.hostAddress, place.hostPort);
    const who = holder === undefined ? 'Another program' : `Process ${holder.pid} (${holder.program})`;
    return taken(place, `${who} has it; choose another host port.`);
  }
  const where = `${place.protocol} ${place.hostAddress}:${place.hostPort}`;
  if (codeOf(thrown) === 'EADDRNOTAVAIL') {
    return new EngineError('invalid', `listen ${where}: bind: cannot assign requested address`, {
      hint: 'The host has no such address.',
    });
  }
  return internal(`listen ${where}: ${messageOf(thrown)}`, { cause: thrown });
}
