// What the verbs of this room share.
import type { NetworkDefaults } from '#engine/engine-options.ts';
import type { EventLog } from '#engine/events.ts';
import { internal } from '#shared/errors.ts';
import type { KeyedLock } from '#shared/lock.ts';
import { AddressPool } from './addresses/ipam.ts';
import type { SubnetPool } from './addresses/pools.ts';
import type { Names } from './names.ts';
import { tellNeighbours } from './neighbours.ts';
import type { Reservations } from './ports/reservations.ts';
import {
  addressesOf,
  defaultNetworkName,
  type Endpoint,
  gatewaysOf,
  resolvesNames,
  type Sandbox,
} from './record.ts';
import type { Firewall } from './rules/firewall.ts';
import type { Openings } from './rules/openings.ts';
import {
  type BridgeNetwork,
  isBridge,
  isJoinable,
  type JoinableNetwork,
  type NetworkStore,
} from './store.ts';

/** What the engine was told of networks. */
export interface NetworkChoices {
  /** Where ports are published that name no address; undefined: on every address of the host. */
  publishAddress?: string;
  /** Subnets for networks that name none; default Docker's, and then many small ones. */
  pools: readonly SubnetPool[];
  /** Of containers and networks that say nothing themselves. */
  defaults: NetworkDefaults;
}

export class NetworkRoom {
  readonly store: NetworkStore;
  readonly firewall: Firewall;
  readonly names: Names;
  readonly reservations: Reservations;
  readonly events: EventLog;
  readonly lock: KeyedLock;
  readonly choices: NetworkChoices;
  /** Why a network cannot be used now, by its id: its subnet is another's since the engine was last up. */
  readonly blocked = new Map<string, string>();
  /** What links open now (see `followLinks`). */
  opened: Openings = { openings: [], unlocked: [] };
  /** What the host did with bridged packets when it was last looked at; empty before that. */
  bridgeFilter = '';
  #pools = new Map<string, AddressPool[]>();
  #naming = new Map<string, Promise<void>>();

  constructor(parts: {
    store: NetworkStore;
    firewall: Firewall;
    names: Names;
    reservations: Reservations;
    events: EventLog;
    lock: KeyedLock;
    choices: NetworkChoices;
  }) {
    this.store = parts.store;
    this.firewall = parts.firewall;
    this.names = parts.names;
    this.reservations = parts.reservations;
    this.events = parts.events;
    this.lock = parts.lock;
    this.choices = parts.choices;
  }

  /** The addresses of a network's subnets; made from the records when first asked for. */
  pools(network: JoinableNetwork): AddressPool[] {
    const found = this.#pools.get(network.id);
    if (found !== undefined) return found;
    const used = this.store
      .members(network.id)
      .flatMap(({ endpoint }) => addressesOf(endpoint).map(({ address }) => address));
    const pools = network.blocks.map((block) => new AddressPool(block, used));
    this.#pools.set(network.id, pools);
    return pools;
  }

  forgetPool(networkId: string): void {
    this.#pools.delete(networkId);
  }

  defaultBridge(): BridgeNetwork {
    const network = this.store.named(defaultNetworkName);
    if (network === undefined || !isBridge(network)) throw internal('the default network is missing');
    return network;
  }

  /** The host as the containers of the default network see it, or as the engine was told. */
  hostGateways(): readonly string[] {
    const { hostGateways = [] } = this.choices.defaults;
    if (hostGateways.length > 0) return hostGateways;
    const own = gatewaysOf(this.defaultBridge());
    return own.length > 0 ? own : ['127.0.0.1'];
  }

  /** Gives an endpoint's addresses back. */
  releaseAddress(endpoint: Endpoint): void {
    const network = this.store.byId(endpoint.networkId);
    if (network === undefined || !isJoinable(network)) return;
    for (const pool of this.pools(network))
      for (const { address } of addressesOf(endpoint)) pool.release(address);
  }

  /** Afterwards all on the networks find each other by the names recorded now; so does `left`, which just left one. */
  async tellNames(networkIds: readonly string[], left?: Sandbox): Promise<void> {
    tellNeighbours(this.store, networkIds, left);
    await this.names.refresh(
      networkIds.filter((id) => {
        const network = this.store.byId(id);
        return network === undefined || resolvesNames(network);
      }),
    );
  }

  /** Has the names of a container that starts told, while it goes on starting. */
  beginNames({ containerId, endpoints }: Sandbox): void {
    const told = this.tellNames(endpoints.map(({ networkId }) => networkId));
    this.#naming.set(containerId, told);
    // Whoever waits for it hears of a failure; until then it is nobody's.
    const forget = (): void => {
      if (this.#naming.get(containerId) === told) this.#naming.delete(containerId);
    };
    told.then(forget, () => {});
  }

  /** Resolves once the names that were begun are told. */
  async named(containerId: string): Promise<void> {
    const told = this.#naming.get(containerId);
    this.#naming.delete(containerId);
    await told;
  }

  announce(action: 'connect' | 'disconnect', endpoint: Endpoint, sandbox: Sandbox): void {
    const attributes = {
      container: sandbox.containerId,
      name: endpoint.networkName,
      type: this.#typeOf(endpoint),
    };
    this.events.emit('network', action, endpoint.networkId, attributes);
  }

  #typeOf(endpoint: Endpoint): string {
    return this.store.byId(endpoint.networkId)?.driver ?? 'bridge';
  }
}
