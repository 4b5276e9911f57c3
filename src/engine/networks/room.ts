// What the verbs of this room share.
import type { EventLog } from '#engine/events.ts';
import { internal } from '#shared/errors.ts';
import type { KeyedLock } from '#shared/lock.ts';
import { AddressPool } from './addresses/ipam.ts';
import type { Names } from './names.ts';
import type { Reservations } from './ports/reservations.ts';
import { defaultNetworkName, type Endpoint, type Sandbox } from './record.ts';
import type { Firewall } from './rules/firewall.ts';
import { type BridgeNetwork, isBridge, type NetworkStore } from './store.ts';

export class NetworkRoom {
  readonly store: NetworkStore;
  readonly firewall: Firewall;
  readonly names: Names;
  readonly reservations: Reservations;
  readonly events: EventLog;
  readonly lock: KeyedLock;
  #pools = new Map<string, AddressPool>();

  constructor(parts: {
    store: NetworkStore;
    firewall: Firewall;
    names: Names;
    reservations: Reservations;
    events: EventLog;
    lock: KeyedLock;
  }) {
    this.store = parts.store;
    this.firewall = parts.firewall;
    this.names = parts.names;
    this.reservations = parts.reservations;
    this.events = parts.events;
    this.lock = parts.lock;
  }

  /** The addresses of a network; made from the records when first asked for. */
  pool(network: BridgeNetwork): AddressPool {
    const found = this.#pools.get(network.id);
    if (found !== undefined) return found;
    const used = this.store.members(network.id).map(({ endpoint }) => endpoint.address);
    const pool = new AddressPool(network.bridge, used);
    this.#pools.set(network.id, pool);
    return pool;
  }

  forgetPool(networkId: string): void {
    this.#pools.delete(networkId);
  }

  defaultBridge(): BridgeNetwork {
    const network = this.store.named(defaultNetworkName);
    if (network === undefined || !isBridge(network)) throw internal('the default network is missing');
    return network;
  }

  /** Gives an endpoint's address back. */
  releaseAddress(endpoint: Endpoint): void {
    const network = this.store.byId(endpoint.networkId);
    if (network !== undefined && isBridge(network)) this.pool(network).release(endpoint.address);
  }

  announce(action: 'connect' | 'disconnect', endpoint: Endpoint, sandbox: Sandbox): void {
    const attributes = { container: sandbox.containerId, name: endpoint.networkName, type: 'bridge' };
    this.events.emit('network', action, endpoint.networkId, attributes);
  }
}
