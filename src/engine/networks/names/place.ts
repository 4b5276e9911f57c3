// The servers of some networks. aardvark-dns 1.4 answers nobody while it reads its files and opens its sockets anew, and
// always names addresses in one order. So there are two sides, and the one that is not asked reads a change before it
// is: the server at port 53, together with those that begin with other addresses; and a standby.
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { KeyedLock } from '#shared/lock.ts';
import { gatewaysOf } from '../record.ts';
import type { NameServer } from './server.ts';
import { isReached, type NetworkFile, Side } from './side.ts';
import type { Steered, Steering, Way } from './steering.ts';
import { turnsOf } from './turns.ts';

const endDelayMs = 1_000;
const settleDelayMs = 100;
/** How long a side that is asked no more may still have a question of the network's own names to answer. */
const graceMs = 10;
/** And how long one that it has asked outside. It is not waited for where a container that starts would have to. */
const outsideGraceMs = 1_000;

export interface PlaceParts {
  /** The server at port 53. */
  main: NameServer;
  /** Makes the one of a turn; 0 is the standby. */
  serverOf(turn: number): NameServer;
  /** Turns that servers were found of. */
  found: readonly number[];
  steering: Steering;
  /** Whether there may be so many servers more. */
  mayGrow(by: number): boolean;
  /** Told of what goes wrong where nobody waits. */
  warn(thrown: unknown): void;
}

const rounds = 'rounds';

/** Answers for the networks that are written to it; one change is told at a time. */
export class Place {
  readonly #parts: PlaceParts;
  readonly #main: Side;
  #standby: Side | undefined;
  #active: Side;
  #networks: Set<string>;
  #files = new Map<string, NetworkFile>();
  #changed = 0;
  #told = 0;
  /** Whether containers are there that may be asking. */
  #isAsked: boolean;
  #turnedMs = Number.NEGATIVE_INFINITY;
  /** Whether all servers of the main side answer. */
  #isWhole = false;
  /** Networks whose containers were seen to reach another port than 53. */
  #reached = new Set<string>();
  /** Networks whose questions may be steered. */
  #steered = new Set<string>();
  /** Whether there is something to do as soon as containers may reach other ports. */
  #isWaiting = false;
  #lock = new KeyedLock();
  #settleTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(parts: PlaceParts) {
    this.#parts = parts;
    const copies = Array.from({ length: Math.max(0, ...parts.found) }, (_, index) =>
      parts.serverOf(index + 1),
    );
    this.#main = new Side([parts.main, ...copies]);
    this.#active = this.#main;
    if (parts.found.includes(0)) this.#standby = new Side([parts.serverOf(0)]);
    this.#networks = new Set(parts.main.networks);
    this.#isAsked = this.#networks.size > 0;
  }

  /** Ids of those whose names it knows, or will once it was told. */
  get networks(): ReadonlySet<string> {
    return this.#networks;
  }

  /** How many servers it has beside the one at port 53. */
  get extra(): number {
    return this.#main.servers.length - 1 + (this.#standby === undefined ? 0 : 1);
  }

  /** Whether the process still answers though it has no network any more. */
  get isIdle(): boolean {
    return this.#networks.size === 0 && this.#parts.main.isRunning;
  }

  /** What is told of the network next; undefined: nothing any more. */
  write(networkId: string, file: NetworkFile | undefined, change: number): void {
    this.#changed = change;
    if (file === undefined) {
      this.#files.delete(networkId);
      this.#networks.delete(networkId);
    } else {
      this.#files.set(networkId, file);
      this.#networks.add(networkId);
    }
  }

  /**
   * Resolves once all that was written is answered, or nobody answers. Without a network the processes end a moment
   * later: a container that restarts should find them. Throws where a server cannot be started.
   */
  tell(): Promise<void> {
    const wanted = this.#changed;
    return this.#lock.run(rounds, async () => {
      if (this.#told < wanted) await this.#tellNow();
    });
  }

  /** Looks whether all its servers are still there; those that are not are started. Some microseconds where all are. */
  mend(): void {
    if (this.#networks.size === 0) return;
    if (this.#isWaiting && this.#parts.steering.isOpen) this.#settleSoon();
    if (!this.#main.isLost && this.#standby?.isLost !== true) return;
    this.#told = 0;
    this.tell().catch(this.#parts.warn);
  }

  /** The host's firewall changed: afterwards questions go no way on which they are not answered. */
  verify(): Promise<void> {
    return this.#lock.run(rounds, async () => {
      this.#reached.clear();
      const server = this.#active.servers.at(-1);
      if (this.#steered.size > 0 && server !== undefined && !(await this.#isReached(server)))
        await this.#retreat();
      else this.#settleSoon();
    });
  }

  /** Ids of networks of which containers that ask, as they do, get no answer. */
  async unanswered(): Promise<string[]> {
    await this.tell();
    const files = [...this.#files.values()];
    const answers = await Promise.all(files.map((file) => isReached(file, this.#parts.main)));
    return files.filter((_, index) => answers[index] === false).map(({ network }) => network.id);
  }

  /** Ends the processes, at once, where no container needs them; else leaves them as they are best left. */
  async close(): Promise<void> {
    clearTimeout(this.#settleTimer);
    if (this.#networks.size === 0) return this.end();
    await this.#lock.run(rounds, async () => {
      while (await this.#settle());
    });
    clearTimeout(this.#settleTimer);
  }

  /** Tells the processes to end. */
  end(): void {
    clearTimeout(this.#endTimer);
    clearTimeout(this.#settleTimer);
    this.#endTimer = undefined;
    for (const side of this.#sides()) side.end();
  }

  /** Afterwards its processes are gone, and nothing listens on its networks' addresses until it is told again. */
  release(): Promise<void> {
    return this.#lock.run(rounds, async () => {
      this.end();
      await this.#parts.steering.set(new Map([...this.#steered].map((id) => [id, undefined])));
      this.#steered.clear();
      for (const side of this.#sides()) await side.release();
      [this.#active, this.#told, this.#isAsked, this.#isWhole] = [this.#main, 0, false, false];
    });
  }

  #sides = (): Side[] => (this.#standby === undefined ? [this.#main] : [this.#main, this.#standby]);

  async #tellNow(): Promise<void> {
    const change = this.#changed;
    clearTimeout(this.#endTimer);
    if (this.#networks.size === 0) await this.#rest();
    else if (!this.#isAsked || !(await this.#turnOver())) await this.#stay();
    this.#isAsked = this.#networks.size > 0;
    this.#told = change;
    if (this.#isAsked) this.#settleSoon();
  }

  async #rest(): Promise<void> {
    clearTimeout(this.#settleTimer);
    this.#active = this.#main;
    await this.#steer();
    for (const side of this.#sides())
      await side.read([], { networks: this.#networks, servers: side.servers });
    this.#endTimer = setTimeout(() => this.close().catch(this.#parts.warn), endDelayMs);
    this.#endTimer.unref();
  }

  /** Has the side that is not asked read what is new, and then has it asked. False where that cannot be. */
  async #turnOver(): Promise<boolean> {
    if (!this.#parts.steering.isOpen) return false;
    const other = this.#active === this.#main ? this.#needStandby() : this.#main;
    if (other === undefined) return false;
    await setTimeoutPromise(Math.max(this.#turnedMs + graceMs - performance.now(), 0));
    if (!(await this.#read(other))) return false;
    const [server] = other === this.#main ? [] : other.servers;
    if (server !== undefined && !(await this.#isReached(server))) {
      this.#parts.steering.shut();
      return false;
    }
    await this.#activate(other);
    return true;
  }

  async #stay(): Promise<void> {
    await this.#read(this.#active);
    const [server] = this.#active === this.#main ? [] : this.#active.servers;
    if (server !== undefined && !(await this.#isReached(server))) await this.#retreat();
    else await this.#steer();
  }

  /** Whether containers of all networks reach the server's port, and so those of the others. */
  async #isReached(server: NameServer): Promise<boolean> {
    for (const file of this.#files.values()) {
      if (this.#reached.has(file.network.id)) continue;
      if (!(await isReached(file, server))) return false;
      this.#reached.add(file.network.id);
    }
    return true;
  }

  async #activate(side: Side): Promise<void> {
    this.#active = side;
    await this.#steer();
    this.#turnedMs = performance.now();
  }

  #needStandby(): Side | undefined {
    if (this.#standby === undefined && this.#parts.mayGrow(1))
      this.#standby = new Side([this.#parts.serverOf(0)]);
    return this.#standby;
  }

  /** Whether the side's first server has read all files; the main side need not be whole for that. */
  async #read(side: Side, servers = side.servers): Promise<boolean> {
    // What is written meanwhile is the next round's.
    const change = this.#newest();
    await side.read([...this.#files.values()], { networks: this.#networks, servers });
    const stale = side.stale(change);
    if (side === this.#main) this.#isWhole = stale.length === 0;
    return !stale.some((server) => server === side.servers[0]);
  }

  #newest = (): number => Math.max(0, ...[...this.#files.values()].map(({ change }) => change));

  async #steer(): Promise<void> {
    const ways = new Map<string, Steered | undefined>([...this.#steered].map((id) => [id, undefined]));
    for (const file of this.#files.values()) {
      const way = this.#wayOf(file);
      if (way !== undefined) ways.set(file.network.id, { gateways: gatewaysOf(file.network), way });
    }
    this.#steered = new Set([...ways].filter(([, way]) => way !== undefined).map(([id]) => id));
    await this.#parts.steering.set(ways);
  }

  #wayOf({ network, members }: NetworkFile): Way | undefined {
    if (this.#active !== this.#main) return 'aside';
    const turns = this.#reached.has(network.id) ? turnsOf(members) : 1;
    return turns > 1 && this.#isWhole && turns <= this.#main.servers.length ? turns : undefined;
  }

  #settleSoon(): void {
    clearTimeout(this.#settleTimer);
    // Where a name has several addresses, it is better that they soon take turns again.
    const restMs = this.#turns() > 1 ? 0 : this.#turnedMs + outsideGraceMs - performance.now();
    const delayMs = Math.max(settleDelayMs, restMs);
    this.#settleTimer = setTimeout(() => {
      this.#lock
        .run(rounds, () => this.#settle())
        .then((isMore) => {
          if (isMore) this.#settleSoon();
        })
        .catch(this.#parts.warn);
    }, delayMs);
    this.#settleTimer.unref();
  }

  /** One step of what no container waits for; true where there may be another. */
  async #settle(): Promise<boolean> {
    if (this.#networks.size === 0) return false;
    this.#grow();
    if (this.#active !== this.#main) {
      if (!(await this.#read(this.#main))) return false;
      await this.#activate(this.#main);
      return true;
    }
    const members = [...this.#files.values()].flatMap((file) => file.members).length;
    const standby = members > 1 ? this.#needStandby() : this.#standby;
    for (const side of standby === undefined ? [this.#main] : [this.#main, standby]) {
      if (await this.#freshen(side)) return true;
      if (this.#isWaiting) return false;
    }
    return false;
  }

  /** Has those servers of a side read what is new that are not asked alone. True where there was something to do. */
  async #freshen(side: Side): Promise<boolean> {
    // The server at port 53 is being asked: nothing is to make it read again.
    const others = side.servers.filter((server) => server !== this.#main.servers[0]);
    const behind = (): NameServer[] => side.stale(this.#newest()).filter((server) => others.includes(server));
    const stale = behind();
    const [first] = others;
    const isNew = [...this.#files.keys()].some((id) => !this.#reached.has(id));
    if (first === undefined || (stale.length === 0 && !isNew)) return false;
    this.#isWaiting = !this.#parts.steering.isOpen;
    if (this.#isWaiting) return false;
    if (stale.length > 0) await this.#read(side, stale);
    const isReachable = await this.#isReached(first);
    if (!isReachable) this.#parts.steering.shut();
    await this.#steer();
    // One that does not answer (its port may be somebody's) is asked again by and by, not at once.
    const isBetter = behind().length < stale.length;
    this.#isWaiting = !isReachable || (stale.length > 0 && !isBetter);
    return isReachable && isBetter;
  }

  #turns = (): number => Math.max(1, ...[...this.#files.values()].map(({ members }) => turnsOf(members)));

  /** Afterwards there are servers for all turns, which may have to be started yet. */
  #grow(): void {
    const { steering, mayGrow, serverOf } = this.#parts;
    const wanted = this.#turns();
    const { servers } = this.#main;
    if (wanted <= servers.length || !steering.isOpen || !mayGrow(wanted - servers.length)) return;
    while (servers.length < wanted) servers.push(serverOf(servers.length));
    this.#isWhole = false;
  }

  async #retreat(): Promise<void> {
    this.#parts.steering.shut();
    await this.#read(this.#main);
    [this.#active, this.#isWaiting] = [this.#main, true];
    this.#reached.clear();
    await this.#steer();
  }
}
