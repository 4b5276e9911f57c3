// Servers that answer together: what is told to one is told to all of them, each in an order of its own.
import { gatewaysOf, type NetworkRecord } from '../record.ts';
import { fileOf } from './lines.ts';
import { areRead, toldLine } from './question.ts';
import type { NameServer } from './server.ts';
import { type Member, turned } from './turns.ts';

const answerTimeoutMs = 500;
/** Another server of the host's may have the address; then there is nothing to wait for. */
const deafTimeoutMs = 50;
/** One that is known to answer is waited for: it would have to be told while it is asked. */
const knownTimeoutMs = 2_000;
const anyChange = 1;
const timeoutsMs = { unknown: answerTimeoutMs, deaf: deafTimeoutMs, known: knownTimeoutMs };

/** What is to be told of a network. */
export interface NetworkFile {
  network: NetworkRecord;
  members: readonly Member[];
  /** Number of the change that made it so; later changes have greater ones. */
  change: number;
}

/** The first server has the containers in the order they came, the next begins with each name's second. */
export class Side {
  readonly servers: NameServer[];
  /** Whether they answered when they were asked last. */
  #hearing = new Map<NameServer, 'known' | 'deaf'>();
  /** The change that each is known to have read. */
  #read = new Map<NameServer, number>();

  /** The changes that the files are of, by turn and network. */
  #written = new Map<string, number>();

  constructor(servers: NameServer[]) {
    this.servers = servers;
  }

  /** Those that are not known to have read the change. */
  stale(change: number): NameServer[] {
    return this.servers.filter((server) => (this.#read.get(server) ?? 0) < change);
  }

  /** A process of it ended by itself. */
  get isLost(): boolean {
    return this.servers.some(({ isLost }) => isLost);
  }

  /**
   * Has the servers read these files, and those of `networks` that are not among them as they are; no others. Resolves
   * once they have, or do not answer in time (see `stale`). Throws where the program cannot be started.
   */
  async read(
    files: readonly NetworkFile[],
    { networks, servers }: { networks: ReadonlySet<string>; servers: readonly NameServer[] },
  ): Promise<void> {
    for (const server of servers) {
      const turn = this.servers.indexOf(server);
      for (const id of server.networks) if (!networks.has(id)) server.write(id, undefined);
      for (const file of files) {
        const key = `${turn} ${file.network.id}`;
        if (this.#written.get(key) !== file.change || !server.networks.has(file.network.id))
          server.write(file.network.id, textOf(file, turn));
        this.#written.set(key, file.change);
      }
    }
    if (networks.size === 0) {
      this.#written.clear();
      return;
    }
    for (const server of servers) this.#read.delete(server);
    await Promise.all(servers.map((server) => server.tell()));
    await this.#ask(files, servers);
  }

  /** Asks the servers, from the host, at the gateways of all the networks. */
  async #ask(files: readonly NetworkFile[], servers: readonly NameServer[]): Promise<void> {
    const change = Math.max(0, ...files.map((file) => file.change));
    await Promise.all(
      servers.map(async (server) => {
        const timeoutMs = timeoutsMs[this.#hearing.get(server) ?? 'unknown'];
        const questions = files.flatMap((file) =>
          gatewaysOf(file.network).map((address) => ({ address, change: file.change })),
        );
        const isHeard = await areRead(questions, { port: server.port, timeoutMs });
        if (isHeard) this.#read.set(server, change);
        this.#hearing.set(server, isHeard ? 'known' : 'deaf');
      }),
    );
  }

  end(): void {
    for (const server of this.servers) server.end();
  }

  /** Afterwards its processes are gone. */
  async release(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.release()));
  }
}

const textOf = ({ network, members, change }: NetworkFile, turn: number): string =>
  fileOf(network, turned(members, turn)) + toldLine(change);

/** Whether containers of the network reach the server: the host's own firewall may be against its port. */
export async function isReached({ network, members }: NetworkFile, { port }: NameServer): Promise<boolean> {
  const from = members.map(({ sandbox }) => sandbox.netnsPath).reverse();
  const questions = gatewaysOf(network).map((address) => ({ address, change: anyChange }));
  return areRead(questions, { port, from, timeoutMs: answerTimeoutMs });
}
