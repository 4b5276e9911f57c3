// Networks and sandboxes: in the state database, and in memory for quick answers.
import { conflict, notFound } from '#shared/errors.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { State } from '#storage/state/state.ts';
import {
  type BridgeRecord,
  defaultNetworkName,
  type Endpoint,
  type NetworkRecord,
  networkShape,
  type ParentRecord,
  type Sandbox,
  sandboxShape,
} from './record.ts';

export type BridgeNetwork = NetworkRecord & { bridge: BridgeRecord };
export type ParentNetwork = NetworkRecord & { parent: ParentRecord };
/** A network that containers have links and addresses on; what most verbs work on. */
export type JoinableNetwork = BridgeNetwork | ParentNetwork;

/** First durable, then visible. */
export class NetworkStore {
  #networks: Collection<NetworkRecord>;
  #sandboxes: Collection<Sandbox>;
  #byId: Map<string, NetworkRecord>;
  #byContainer: Map<string, Sandbox>;
  /** Sorted when first asked for: each container that starts asks. */
  #byAge: readonly NetworkRecord[] | undefined;

  constructor(state: State) {
    this.#networks = state.collection<NetworkRecord>('networks', networkShape);
    this.#sandboxes = state.collection<Sandbox>('sandboxes', sandboxShape);
    this.#byId = new Map(this.#networks.all().map(({ id, value }) => [id, value]));
    this.#byContainer = new Map(this.#sandboxes.all().map(({ id, value }) => [id, value]));
  }

  /** The oldest first. */
  networks(): readonly NetworkRecord[] {
    this.#byAge ??= [...this.#byId.values()].sort((one, other) => one.created.localeCompare(other.created));
    return this.#byAge;
  }

  bridges(): BridgeNetwork[] {
    return this.networks().filter(isBridge);
  }

  /** Every network that has subnets, also macvlan and ipvlan ones. */
  joinables(): JoinableNetwork[] {
    return this.networks().filter(isJoinable);
  }

  named(name: string): NetworkRecord | undefined {
    return [...this.#byId.values()].find((network) => network.name === name);
  }

  byId(id: string): NetworkRecord | undefined {
    return this.#byId.get(id);
  }

  /** By full id, by name, or by the beginning of an id. Throws `not-found`, and `conflict` for an unclear beginning. */
  resolve(reference: string): NetworkRecord {
    const wanted = reference === 'default' || reference === '' ? defaultNetworkName : reference;
    const exact = this.#byId.get(wanted) ?? this.named(wanted);
    if (exact !== undefined) return exact;
    const matches = /^[0-9a-f]+$/.test(wanted)
      ? this.networks().filter(({ id }) => id.startsWith(wanted))
      : [];
    if (matches.length > 1)
      throw conflict(`network ${reference} is ambiguous (${matches.length} matches found on ID)`);
    const [match] = matches;
    if (match === undefined) {
      throw notFound(`network ${reference} not found`, { hint: 'The networks that exist: wharf network ls' });
    }
    return match;
  }

  putNetwork(network: NetworkRecord): void {
    this.#networks.put(network.id, network);
    this.#byId.set(network.id, network);
    this.#byAge = undefined;
  }

  deleteNetwork(id: string): void {
    this.#networks.delete(id);
    this.#byId.delete(id);
    this.#byAge = undefined;
  }

  /** Of all containers, those that start among them. */
  get endpointCount(): number {
    return this.sandboxes().reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  }

  sandboxes(): Sandbox[] {
    return [...this.#byContainer.values()];
  }

  sandbox(containerId: string): Sandbox | undefined {
    return this.#byContainer.get(containerId);
  }

  /** By container id, its beginning, or the container's name. */
  findSandbox(reference: string): Sandbox | undefined {
    const all = this.sandboxes();
    return (
      this.#byContainer.get(reference) ??
      all.find(({ name }) => name === reference) ??
      all.find(({ containerId }) => containerId.startsWith(reference))
    );
  }

  putSandbox(sandbox: Sandbox): void {
    this.#sandboxes.put(sandbox.containerId, sandbox);
    this.#byContainer.set(sandbox.containerId, sandbox);
  }

  deleteSandbox(containerId: string): void {
    this.#sandboxes.delete(containerId);
    this.#byContainer.delete(containerId);
  }

  /** Everyone on a network. */
  members(networkId: string): { sandbox: Sandbox; endpoint: Endpoint }[] {
    return this.sandboxes().flatMap((sandbox) =>
      sandbox.endpoints
        .filter((endpoint) => endpoint.networkId === networkId)
        .map((endpoint) => ({ sandbox, endpoint })),
    );
  }
}

export function isBridge(network: NetworkRecord): network is BridgeNetwork {
  return network.bridge !== undefined;
}

export function isJoinable(network: NetworkRecord): network is JoinableNetwork {
  return network.bridge !== undefined || network.parent !== undefined;
}
