// Names on user networks: aardvark-dns answers on each bridge's own address. The networks are spread over several places
// with servers of their own: what one of them has to read holds up no other network's look-ups.
import { mkdirSync, readdirSync, unwatchFile, watchFile } from 'node:fs';
import { join } from 'node:path';
import { isHeldEverywhere } from '#kernel/port-holder.ts';
import { KeyedLock } from '#shared/lock.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { Place } from './names/place.ts';
import { NameServer } from './names/server.ts';
import type { NetworkFile } from './names/side.ts';
import type { Steering } from './names/steering.ts';
import { mostTurns } from './names/turns.ts';
import { resolvesNames } from './record.ts';
import type { NetworkStore } from './store.ts';

/**
 * Beyond so many, networks share. A process has about a megabyte; but whoever joins one of several networks that share
 * waits until the names of all of them were read, a millisecond each.
 */
const mostPlaces = 64;
/** Of standbys and of servers that begin with other addresses, in all places together. */
const mostExtra = 128;
const watchIntervalMs = 5_000;
const hostResolverPath = '/etc/resolv.conf';
const places = 'places';
const dnsPort = 53;
/** Where the other servers of a network listen; below the ports that clients are given. */
const firstPorts = [20_530, 21_530, 22_530, 23_530, 24_530];

export interface NamesOptions {
  dir: string;
  program: string;
  store: NetworkStore;
  steering: Steering;
  warn: (thrown: unknown) => void;
}

/** Networks that a container joins are served at one place: it is to find the names of all of them at each. */
export class Names {
  /** The standbys' port; those of the servers of further turns follow. */
  readonly firstPort: number;
  readonly #options: NamesOptions;
  readonly #store: NetworkStore;
  readonly #lock = new KeyedLock();
  #places: Place[] = [];
  #change = 0;

  constructor(options: NamesOptions) {
    this.#options = options;
    this.#store = options.store;
    makeFolders(mkdirSync, options.dir);
    const names = readdirSync(options.dir);
    const known = names.map((name) => /^at-(\d+)$/.exec(name)?.[1]).find((port) => port !== undefined);
    this.firstPort = known === undefined ? freePorts() : Number(known);
    makeFolders(mkdirSync, this.#extraDir);
    const count = names.filter((name) => /^\d+$/.test(name)).length;
    for (let at = 0; at < count; at++) this.#add();
  }

  get lastPort(): number {
    return this.firstPort + mostTurns - 1;
  }

  /** Writes the names of these networks as the records have them; resolves once they are answered (see `Place.tell`). */
  async refresh(networkIds: Iterable<string>): Promise<void> {
    const changed = new Set<Place>();
    await this.#lock.run(places, async () => {
      for (const id of networkIds) await this.#write(id, changed);
    });
    await Promise.all([...changed].map((place) => place.tell()));
  }

  /** As `refresh` for all networks; files of networks that are gone are removed. */
  async recover(): Promise<void> {
    const known = new Set(this.#store.networks().map(({ id }) => id));
    const seen = new Set<string>();
    for (const place of this.#places) {
      for (const id of [...place.networks]) {
        // An engine that was killed while it moved a network has left it at both places.
        if (known.has(id) && !seen.has(id)) seen.add(id);
        else {
          place.write(id, undefined, this.#nextChange());
          await place.release();
        }
      }
    }
    await this.refresh(known);
    await Promise.all(this.#places.map((place) => place.tell()));
  }

  /** From now on the servers follow the host's own name servers. Keeps no process alive. */
  watchHost(): void {
    watchFile(hostResolverPath, { interval: watchIntervalMs, persistent: false }, this.#onHostChange);
  }

  // A server reads the host's file when it reads its own.
  #onHostChange = (): void => {
    const all = this.#places.flatMap(({ networks }) => [...networks]);
    this.refresh(all).catch(this.#options.warn);
  };

  /** Starts servers anew that are gone. Some microseconds where all are there. */
  mend(): void {
    for (const place of this.#places) place.mend();
  }

  /** Somebody changed the host's firewall: it may be against ports that were reached, or for others. */
  verify(): void {
    this.#options.steering.open();
    for (const place of this.#places) place.verify().catch(this.#options.warn);
  }

  /** Ids of networks of which containers that ask get no answer. */
  async unanswered(): Promise<string[]> {
    return (await Promise.all(this.#places.map((place) => place.unanswered()))).flat();
  }

  /** Ends the servers, at once, that no container needs. */
  async close(): Promise<void> {
    unwatchFile(hostResolverPath, this.#onHostChange);
    await this.#lock.run(places, async () => {
      await Promise.all(this.#places.map((place) => place.close()));
    });
  }

  /** Ends all servers. */
  end(): void {
    for (const place of this.#places) place.end();
  }

  #add(): Place {
    const { dir, program, steering, warn } = this.#options;
    const name = String(this.#places.length);
    const place = new Place({
      main: new NameServer({ dir: join(dir, name), program, port: dnsPort }),
      serverOf: (turn) =>
        new NameServer({
          dir: join(this.#extraDir, `${name}.${turn}`),
          program,
          port: this.firstPort + turn,
        }),
      found: readdirSync(this.#extraDir).flatMap((each) => {
        const [of, turn] = each.split('.');
        return of === name ? [Number(turn)] : [];
      }),
      steering,
      mayGrow: (by) => this.#places.reduce((sum, { extra }) => sum + extra, by) <= mostExtra,
      warn,
    });
    this.#places.push(place);
    return place;
  }

  get #extraDir(): string {
    return join(this.#options.dir, `at-${this.firstPort}`);
  }

  // Later than that of any engine before, too.
  #nextChange(): number {
    this.#change = Math.max(this.#change + 1, Date.now() * 1_000);
    return this.#change;
  }

  #placeOf = (networkId: string): Place | undefined =>
    this.#places.find(({ networks }) => networks.has(networkId));

  #fileOf(networkId: string): NetworkFile | undefined {
    const network = this.#store.byId(networkId);
    const members = network === undefined || !resolvesNames(network) ? [] : this.#store.members(networkId);
    if (network === undefined || members.length === 0) return undefined;
    return { network, members, change: this.#nextChange() };
  }

  async #write(networkId: string, changed: Set<Place>): Promise<void> {
    const file = this.#fileOf(networkId);
    const place = file === undefined ? this.#placeOf(networkId) : await this.#gather(networkId, changed);
    if (place === undefined) return;
    place.write(networkId, file, file?.change ?? this.#nextChange());
    changed.add(place);
  }

  /** Afterwards one place has all networks that share containers with this one; it comes back. */
  async #gather(networkId: string, changed: Set<Place>): Promise<Place> {
    const together = this.#together(networkId);
    const holders = this.#places.filter(({ networks }) => together.some((id) => networks.has(id)));
    const place = mostLoaded(holders) ?? this.#leastLoaded();
    const others = holders.filter((each) => each !== place);
    if (others.length === 0 && place.networks.has(networkId)) return place;
    // Two cannot listen on one address, and a network that is new may have the address of one that was.
    for (const other of this.#places) if (other !== place && other.isIdle) await other.release();
    for (const other of others) {
      for (const id of together.filter((each) => other.networks.has(each))) {
        const change = this.#nextChange();
        place.write(id, this.#fileOf(id), change);
        other.write(id, undefined, change);
      }
      await other.release();
      changed.add(other);
    }
    changed.add(place);
    return place;
  }

  #leastLoaded(): Place {
    const idle = this.#places.find(({ isIdle }) => isIdle);
    const empty = this.#places.find(({ networks }) => networks.size === 0);
    const found = idle ?? empty;
    if (found !== undefined) return found;
    if (this.#places.length < mostPlaces) return this.#add();
    return this.#places.reduce((one, other) => (other.networks.size < one.networks.size ? other : one));
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

const mostLoaded = (all: Place[]): Place | undefined =>
  all.toSorted((one, other) => other.networks.size - one.networks.size)[0];

/** The first of as many ports as there are turns that nobody has on every address. */
function freePorts(): number {
  const ports = Array.from({ length: mostTurns }, (_, index) => index);
  const isFree = (first: number): boolean => ports.every((port) => !isHeldEverywhere('udp', first + port));
  return firstPorts.find(isFree) ?? firstPorts[0] ?? dnsPort;
}
