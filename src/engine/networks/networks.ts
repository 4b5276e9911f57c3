// The door of the networks room: bridges, addresses, published ports, names.
import { join } from 'node:path';
import type { NetworkDefaults } from '#engine/engine-options.ts';
import type { EventLog } from '#engine/events.ts';
import type {
  CheckFinding,
  EndpointSettings,
  NetworkCreateRequest,
  NetworkInspect,
  PortUse,
} from '#shared/contract/network.ts';
import { messageOf } from '#shared/errors.ts';
import { KeyedLock } from '#shared/lock.ts';
import type { Filters } from '#shared/notation/filter.ts';
import type { Leases } from '#storage/state/leases.ts';
import type { State } from '#storage/state/state.ts';
import { assertPool, type SubnetPool, usualPools } from './addresses/pools.ts';
import { assertAskable, unjoinable } from './asked.ts';
import { attachContainer, attachedOf, networksOf } from './attach.ts';
import type { Attached, AttachRequest } from './attach-request.ts';
import { followBridgeFilter, removeDevice, repairDevice, translatesLoopback6 } from './bridge.ts';
import { checkNetworks } from './check.ts';
import { type ConnectRequest, connectContainer, disconnectContainer } from './connect.ts';
import { createNetwork } from './create.ts';
import { type DefaultBridge, ensureDefaults } from './defaults.ts';
import { detachContainer } from './detach.ts';
import { inspectNetwork, listNetworks } from './inspect.ts';
import { Steering } from './names/steering.ts';
import { Names } from './names.ts';
import { writeNeighbours } from './neighbours.ts';
import { Reservations } from './ports/reservations.ts';
import { portUses } from './ports/uses.ts';
import { gatewaysOf, type LinkedName, type NetworkRecord, resolvesNames } from './record.ts';
import { ensureDevices, type RunningContainer, recoverNetworks } from './recover.ts';
import { pruneNetworks, removeNetwork } from './remove.ts';
import { type Renamed, renameContainer } from './rename.ts';
import { NetworkRoom } from './room.ts';
import { Firewall } from './rules/firewall.ts';
import { currentOpenings, followLinks } from './rules/follow-links.ts';
import { isJoinable, NetworkStore } from './store.ts';

export type { Attached, AttachRequest, HostNames } from './attach-request.ts';

export interface NetworksOptions {
  state: State;
  leases: Leases;
  events: EventLog;
  /** Files of the name server live below it. */
  runDir: string;
  bridge: DefaultBridge;
  /** Of the nftables table; default made from the bridge's name. */
  tableName?: string;
  /** The name server's program. */
  aardvarkPath?: string;
  /** The host's address for ports that name none; default every address. */
  publishAddress?: string;
  /** For networks that name no subnet; default Docker's, then many small ones. */
  pools?: readonly SubnetPool[];
  /** Of containers and networks that say nothing themselves. */
  defaults?: NetworkDefaults;
  /** Told of what goes wrong, or is put right, where nobody waits for an answer. */
  warn?: (message: string) => void;
}

const changes = 'networks';
/** How long rules that someone flushed are missing at most. */
const watchIntervalMs = 1_000;

/** Verbs on one container wait for each other, and so do those that make or remove networks. */
export class Networks implements AsyncDisposable {
  /** What did not work at open or recovery and nobody waits for. */
  readonly warnings: string[] = [];
  #room: NetworkRoom;
  #ready: Promise<void>;

  constructor(room: NetworkRoom, ready: Promise<void>, warnings: string[]) {
    this.#room = room;
    this.#ready = ready;
    this.warnings.push(...warnings);
    // Whoever attaches first hears of a failure; until then it is nobody's.
    ready.catch(() => {});
  }

  /** Resolves once the firewall's table is there. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  async create(request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
    await this.#ready;
    return this.#room.lock.run(changes, () => createNetwork(this.#room, request));
  }

  list(filters: Filters = new Map()): NetworkInspect[] {
    return listNetworks(this.#room, filters);
  }

  /** By name, id, or the beginning of an id. */
  inspect(reference: string): NetworkInspect {
    return inspectNetwork(this.#room, this.#room.store.resolve(reference));
  }

  /** The record; throws `not-found` with Docker's sentence. */
  resolve(reference: string): NetworkRecord {
    return this.#room.store.resolve(reference);
  }

  /** By name or id; undefined where there is none. */
  find(reference: string): NetworkRecord | undefined {
    return this.#room.store.byId(reference) ?? this.#room.store.named(reference);
  }

  remove(reference: string): Promise<void> {
    return this.#room.lock.run(changes, () => removeNetwork(this.#room, reference));
  }

  prune(filters: Filters = new Map()): Promise<{ NetworksDeleted: string[] }> {
    return this.#room.lock.run(changes, () => pruneNetworks(this.#room, filters));
  }

  /** Gives a starting container its network. The caller detaches it when it has ended. */
  async attach(request: AttachRequest): Promise<Attached> {
    await this.#ready;
    return this.#room.lock.run(request.containerId, () => attachContainer(this.#room, request));
  }

  /** Resolves once a container that was attached is found by its names, and finds others: before its process runs. */
  named(containerId: string): Promise<void> {
    return this.#room.named(containerId);
  }

  /** Takes everything back that `attach` and `connect` gave; safe to repeat. */
  detach(containerId: string): Promise<void> {
    return this.#room.lock.run(containerId, () => detachContainer(this.#room, containerId));
  }

  /** Throws what a container that joins the network with these settings would be refused with, where it can be told. */
  assertAskable(network: NetworkRecord, settings?: EndpointSettings | null): void {
    assertAskable(network, settings ?? {});
  }

  /** As `assertAskable`, for a container that has networks already. */
  assertConnectable(network: NetworkRecord, settings?: EndpointSettings | null): void {
    if (!isJoinable(network)) throw unjoinable(network);
    assertAskable(network, settings ?? {});
  }

  /** Joins a running container to a network. */
  connect(
    network: string,
    containerId: string,
    settings?: EndpointSettings | null,
  ): Promise<EndpointSettings> {
    const request: ConnectRequest = { network, containerId, settings: settings ?? null };
    return this.#room.lock.run(containerId, () => connectContainer(this.#room, request));
  }

  /** Takes a running container off a network. */
  disconnect(network: string, containerId: string): Promise<void> {
    return this.#room.lock.run(containerId, () => disconnectContainer(this.#room, { network, containerId }));
  }

  /** The networks of a running container, by name; empty for any other. */
  settingsOf(containerId: string): Record<string, EndpointSettings> {
    const sandbox = this.#room.store.sandbox(containerId);
    return sandbox === undefined ? {} : networksOf(this.#room, sandbox);
  }

  /** What a running container has now, as `attach` told it for the request; undefined for one that shares another's. */
  attachedOf(request: AttachRequest): Attached | undefined {
    return attachedOf(this.#room, request);
  }

  /** Afterwards the hosts file of a running container, just written, names its neighbours where no server does. */
  tellNeighbours(containerId: string): void {
    const sandbox = this.#room.store.sandbox(containerId);
    if (sandbox !== undefined) writeNeighbours(this.#room.store, sandbox);
  }

  /** A container has another name now; links to the former one lead to it all the same. */
  rename(renamed: Renamed): Promise<void> {
    return this.#room.lock.run(renamed.containerId, () => renameContainer(this.#room, renamed));
  }

  /** After a restart: a rename that was cut off, so that the container was known by its former name here, is done. */
  async followName(containerId: string, name: string): Promise<void> {
    const from = this.#room.store.sandbox(containerId)?.name;
    if (from !== undefined && from !== name) await this.rename({ containerId, from, to: name });
  }

  /** The links that a running container has from now on. */
  async link(containerId: string, links: LinkedName[]): Promise<void> {
    const sandbox = this.#room.store.sandbox(containerId);
    if (sandbox === undefined) return;
    const linked = { ...sandbox, links };
    this.#room.store.putSandbox(linked);
    writeNeighbours(this.#room.store, linked);
    await followLinks(this.#room);
  }

  /** What is not as it should be; empty where all is well. */
  check(): Promise<CheckFinding[]> {
    return checkNetworks(this.#room);
  }

  /** Running containers and processes of the host that have a port of the host, on whatever address. */
  portUses(port: number): PortUse[] {
    return portUses(this.#room, port);
  }

  /** After a restart of the engine: keeps what belongs to `running`, gives the rest back. */
  async recover(running: RunningContainer[]): Promise<void> {
    await this.#ready;
    this.warnings.push(...(await recoverNetworks(this.#room, running)));
  }

  /**
   * Lets go. Containers that run keep their links, rules and names. With `removeAll`, and where no container runs,
   * devices, table and name server go too.
   */
  async close(options: { removeAll?: boolean } = {}): Promise<void> {
    await this.#ready.catch(() => {});
    const { store, firewall, names, reservations } = this.#room;
    firewall.unwatch();
    reservations.close();
    await names.close();
    if (options.removeAll !== true || store.sandboxes().length > 0) return;
    names.end();
    await firewall.drop();
    for (const network of store.joinables()) removeDevice(network);
  }

  /** Where nothing runs, nothing is left on the host. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ removeAll: true });
  }
}

/** Opens the room: the networks that are always there are recorded, all bridges are up, the table is on its way. */
export function openNetworks(options: NetworksOptions): Networks {
  const store = new NetworkStore(options.state);
  const pools = options.pools ?? usualPools;
  for (const pool of pools) assertPool(pool);
  const choices = {
    pools,
    defaults: options.defaults ?? {},
    ...(options.publishAddress === undefined ? {} : { publishAddress: options.publishAddress }),
  };
  const { unites } = ensureDefaults(store, options.bridge, choices);
  const table = options.tableName ?? tableOf(options.bridge.name);
  const warn = options.warn ?? ((): void => {});
  const loopback6 = translatesLoopback6();
  const steering = new Steering((before, after) => firewall.steer(before, after));
  const names = new Names({
    dir: join(options.runDir, 'dns'),
    program: options.aardvarkPath ?? '/usr/lib/podman/aardvark-dns',
    store,
    steering,
    warn: (thrown) => warn(`name servers: ${messageOf(thrown)}`),
  });
  const firewall = new Firewall(
    () => ({
      table,
      bridges: store.bridges(),
      endpoints: store.sandboxes().flatMap(({ endpoints }) => endpoints),
      ports: store.sandboxes().flatMap(({ ports }) => ports),
      steered: steering.current,
      opened: currentOpenings(room),
      namesPort: names.firstPort,
      translatesLoopback6: loopback6,
    }),
    warn,
  );
  const room = new NetworkRoom({
    store,
    firewall,
    names,
    reservations: new Reservations(() => store.bridges().filter(resolvesNames).flatMap(gatewaysOf)),
    events: options.events,
    lock: new KeyedLock(),
    choices,
  });
  room.opened = currentOpenings(room);
  const warnings = ensureDevices(room);
  if (unites && !room.blocked.has(room.defaultBridge().id)) repairDevice(room, room.defaultBridge());
  const ready = firewall
    .ensure()
    .then(() =>
      firewall.watch(watchIntervalMs, (isTouched) =>
        look(room, isTouched, (thrown) => warn(messageOf(thrown))),
      ),
    );
  room.names.watchHost();
  return new Networks(room, ready, warnings);
}

function look(room: NetworkRoom, isTouched: boolean, warn: (thrown: unknown) => void): void {
  room.names.mend();
  if (isTouched) room.names.verify();
  // Whom others are linked to is unlocked on the bridge only with the rules there.
  followLinks(room)
    .then(() => followBridgeFilter(room))
    .catch(warn);
}

/** `wharf` for the usual bridge; otherwise a name of its own, so that engines side by side do not meet. */
export function tableOf(bridgeName: string): string {
  return bridgeName === 'wharf0' ? 'wharf' : `wharf_${bridgeName.replace(/[^A-Za-z0-9_]/g, '_')}`;
}
