// What the kernel cannot translate is copied: connections and packets between IPv6 and IPv4, and from ::1 on some hosts.
import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { familyOf } from '../addresses/cidr.ts';
import type { PublishedPort } from '../record.ts';

/** How long answers to a client's packet are waited for; as Docker's proxy. */
const idleMs = 90_000;
/** A flood of senders must not take every descriptor: who was silent longest is forgotten first. */
const mostClients = 1_000;

/** Where the copying leads now; undefined where the port was given back. */
type PortNow = () => PublishedPort | undefined;

// A port that the kernel translates is reached here only from ::1, or while the rules are gone: then it is closed.
const isCopied = (port: PublishedPort, from: string | undefined): boolean =>
  port.path === 'relay' || from === '::1';

/** Copies one connection to the container, both ways, half-closed ends too. */
export function relayConnection(from: Socket, port: PublishedPort | undefined): void {
  from.on('error', () => from.destroy());
  if (port === undefined || !isCopied(port, from.remoteAddress)) {
    from.destroy();
    return;
  }
  const to = connect({ host: port.containerAddress, port: port.containerPort, allowHalfOpen: true });
  to.on('error', () => from.destroy());
  from.on('close', () => to.destroy());
  to.on('close', () => from.destroy());
  from.pipe(to);
  to.pipe(from);
  from.unref();
  to.unref();
}

/** From now on packets that come to `outside` go to the container, and its answers to whoever asked. Ends with the socket. */
export function relayPackets(outside: DatagramSocket, portNow: PortNow): void {
  const clients = new Map<string, Client>();
  const forget = (key: string): void => {
    clients.get(key)?.close();
    clients.delete(key);
  };
  outside.on('message', (packet, from) => {
    const port = portNow();
    if (port === undefined || !isCopied(port, from.address)) return;
    const key = `${from.address} ${from.port} ${port.containerAddress}`;
    const client = clients.get(key) ?? new Client(outside, from, { port, end: () => forget(key) });
    clients.delete(key);
    clients.set(key, client);
    const [oldest] = clients.size > mostClients ? clients.keys() : [];
    if (oldest !== undefined) forget(oldest);
    client.send(packet);
  });
  outside.once('close', () => {
    for (const key of clients.keys()) forget(key);
  });
}

/** One sender outside: the container sees a port of the host's for it, and answers there. */
class Client {
  readonly #inside: DatagramSocket;
  readonly #port: PublishedPort;
  readonly #timer: NodeJS.Timeout;

  constructor(
    outside: DatagramSocket,
    from: RemoteInfo,
    { port, end }: { port: PublishedPort; end: () => void },
  ) {
    this.#port = port;
    this.#timer = setTimeout(end, idleMs);
    this.#timer.unref();
    this.#inside = createSocket(familyOf(port.containerAddress) === 6 ? 'udp6' : 'udp4');
    this.#inside.unref();
    this.#inside.on('error', end);
    this.#inside.on('message', (packet, { address, port: fromPort }) => {
      // Anybody may send to an open port; only the container's answers are passed on.
      if (address !== port.containerAddress || fromPort !== port.containerPort) return;
      this.#timer.refresh();
      outside.send(packet, from.port, from.address, () => {});
    });
  }

  send(packet: Buffer): void {
    this.#timer.refresh();
    this.#inside.send(packet, this.#port.containerPort, this.#port.containerAddress, () => {});
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#inside.close();
  }
}
