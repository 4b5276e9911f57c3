// Names on user networks: aardvark-dns answers on each bridge's own address. A server that is told of a change answers
// nobody while it reads all its files and opens all its sockets anew (0.5 ms of processor time a network), so the
// networks are spread over several: a container that starts holds up no other network's look-ups.
import { mkdirSync, readdirSync, unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import { KeyedLock } from '#shared/lock.ts';
import { fileOf } from './names/lines.ts';
import { NameServer } from './names/server.ts';
import { resolvesNames } from './record.ts';
import type { NetworkStore } from './store.ts';

/** A process has about a megabyte; beyond so many, networks share. */
const mostServers = 32;
const watchIntervalMs = 5_000;
const hostResolverPath = '/etc/resolv.conf';
const places = 'places';

/** Networks that a container joins are served by one server: it is to find the names of all of them at each. */
export class Names {
  readonly #dir: string;
  readonly #program: string;
  readonly #store: NetworkStore;
  readonly #lock = new KeyedLock();
  #servers: NameServer[] = [];

  constructor(options: { dir: string; program: string; store: NetworkStore }) {
    this.#dir = options.dir;
    this.#program = options.program;
    this.#store = options.store;
    this.#find();
  }

  /** Writes the names of these networks as the records have them, and tells their servers (see `NameServer.tell`). */
  async refresh(networkIds: Iterable<string>): Promise<void> {
    const changed = new Set<NameServer>();
    await this.#lock.run(places, async () => {
      for (const id of networkIds) await this.#write(id, changed);
    });
    await Promise.all([...changed].map((server) => server.tell()));
  }

  /** As `refresh` for all networks; files of networks that are gone are removed. */
  async recover(): Promise<void> {
    const known = new Set(this.#store.networks().map(({ id }) => id));
    const seen = new Set<string>();
    for (const server of this.#servers) {
      for (const id of [...server.networks]) {
        // An engine that was killed while it moved a network has left it at both places.
        if (known.has(id) && !seen.has(id)) seen.add(id);
        else if (server.write(id, undefined)) await server.release();
      }
    }
    await this.refresh(known);
    await Promise.all(this.#servers.map((server) => server.tell()));
  }

  /** From now on the servers follow the host's own name servers. Keeps no process alive. */
  watchHost(): void {
    watchFile(hostResolverPath, { interval: watchIntervalMs, persistent: false }, this.#onHostChange);
  }

  // A server reads the host's file when it reads its own.
  #onHostChange = (): void => {
    for (const server of this.#servers) server.hangUp();
  };

  /** Ends the servers, at once, that no container needs. */
  close(): void {
    unwatchFile(hostResolverPath, this.#onHostChange);
    for (const server of this.#servers) server.endIfIdle();
  }

  /** Ends all servers. */
  end(): void {
    for (const server of this.#servers) server.end();
  }

  #find(): void {
    mkdirSync(this.#dir, { recursive: true });
    const count = readdirSync(this.#dir).filter((name) => /^\d+$/.test(name)).length;
    for (let at = 0; at < count; at++) this.#add();
  }

  #add(): NameServer {
    const server = new NameServer(join(this.#dir, String(this.#servers.length)), this.#program);
    this.#servers.push(server);
    return server;
  }

  #serverOf = (networkId: string): NameServer | undefined =>
    this.#servers.find(({ networks }) => networks.has(networkId));

  #textOf(networkId: string): string | undefined {
    const network = this.#store.byId(networkId);
    const members = network === undefined || !resolvesNames(network) ? [] : this.#store.members(networkId);
    return network === undefined || members.length === 0 ? undefined : fileOf(network, members);
  }

  async #write(networkId: string, changed: Set<NameServer>): Promise<void> {
    const text = this.#textOf(networkId);
    const server = text === undefined ? this.#serverOf(networkId) : await this.#gather(networkId, changed);
    if (server?.write(networkId, text)) changed.add(server);
  }

  /** Afterwards one server has all networks that share containers with this one; it comes back. */
  async #gather(networkId: string, changed: Set<NameServer>): Promise<NameServer> {
    const together = this.#together(networkId);
    const holders = this.#servers.filter(({ networks }) => together.some((id) => networks.has(id)));
    const server = mostLoaded(holders) ?? this.#leastLoaded();
    const others = holders.filter((each) => each !== server);
    if (others.length === 0 && server.networks.has(networkId)) return server;
    // Two cannot listen on one address, and a network that is new may have the address of one that was.
    for (const other of this.#servers) if (other !== server && other.isIdle) await other.release();
    for (const other of others) {
      for (const id of together.filter((each) => other.networks.has(each))) {
        server.write(id, this.#textOf(id));
        other.write(id, undefined);
      }
      await other.release();
      changed.add(other);
    }
    changed.add(server);
    return server;
  }

  #leastLoaded(): NameServer {
    const idle = this.#servers.find(({ isIdle }) => isIdle);
    const empty = this.#servers.find(({ networks }) => networks.size === 0);
    const found = idle ?? empty;
    if (found !== undefined) return found;
    if (this.#servers.length < mostServers) return this.#add();
    return this.#servers.reduce((one, other) => (other.networks.size < one.networks.size ? other : one));
  }

  /** The network, and those that containers join it to, directly or by others. */
  #together(networkId: string): string[] {
    const found = new Set([networkId]);
    for (const id of found) {
      for (const { sandbox } of this.#store.members(id)) {
        for (const endpoint of sandbox.endpoints)
          if (this.#resolves(endpoint.networkId)) found.add(endpoint.networkId);
      }
    }
    return [...found];
  }

  #resolves(networkId: string): boolean {
    const network = this.#store.byId(networkId);
    return network !== undefined && resolvesNames(network);
  }
}

const mostLoaded = (servers: NameServer[]): NameServer | undefined =>
  servers.toSorted((one, other) => other.networks.size - one.networks.size)[0];
