// Attach: a container that starts gets its namespace, its links, its published ports and its names.
import { ensureNetns, removeNetns } from '#kernel/netns.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { conflict, invalid } from '#shared/errors.ts';
import { Scope } from '#shared/scope.ts';
import type { Attached, AttachRequest } from './attach-request.ts';
import { detachContainer } from './detach.ts';
import { portMapOf, reservePorts } from './ports/publish.ts';
import { type Endpoint, type NetworkRecord, resolvesNames, type Sandbox } from './record.ts';
import { resolutionOf } from './resolver.ts';
import type { NetworkRoom } from './room.ts';
import { type BridgeNetwork, isBridge } from './store.ts';
import { planEndpoint, settingsOf, wireEndpoint } from './wire.ts';

/** The host's own namespace, as every process can name it. */
const hostNetns = '/proc/1/ns/net';

/** Afterwards the container's network is complete. On failure nothing of it is left. */
export async function attachContainer(room: NetworkRoom, request: AttachRequest): Promise<Attached> {
  const mode = request.networkMode;
  if (mode.startsWith('container:')) return joinContainer(room, request, mode.slice('container:'.length));
  if (room.store.sandbox(request.containerId) !== undefined) await detachContainer(room, request.containerId);
  const main = room.store.resolve(mode);
  await using scope = new Scope();
  const sandbox = emptySandbox(request, main.driver === 'host');
  if (main.driver === 'bridge') await attachBridges(room, request, { sandbox, scope });
  else {
    room.store.putSandbox(sandbox);
    scope.undo(() => room.store.deleteSandbox(request.containerId));
    if (main.driver === 'null') ensureNetns(request.netnsPath);
  }
  const attached = answer(room, request, sandbox);
  if (main.driver !== 'bridge') attached.networks[main.name] = bareSettings(main);
  scope.keep();
  return attached;
}

function emptySandbox(request: AttachRequest, onHost: boolean): Sandbox {
  return {
    containerId: request.containerId,
    name: request.name,
    shortId: request.shortId,
    hostname: request.hostname,
    netnsPath: onHost ? hostNetns : request.netnsPath,
    mode: onHost ? 'host' : request.networkMode,
    endpoints: [],
    ports: [],
    dns: request.dns,
  };
}

async function attachBridges(
  room: NetworkRoom,
  request: AttachRequest,
  { sandbox, scope }: { sandbox: Sandbox; scope: Scope },
): Promise<void> {
  for (const choice of chooseNetworks(room, request)) {
    const endpoint = planEndpoint(room, choice);
    scope.undo(() => room.releaseAddress(endpoint));
    sandbox.endpoints.push(endpoint);
  }
  const front = sandbox.endpoints.find(({ isDefaultRoute }) => isDefaultRoute);
  if (front !== undefined && asksPorts(request)) {
    const ports = await reservePorts(room.reservations, scope, {
      ...request,
      containerAddress: front.address,
      owner: request.name,
    });
    sandbox.ports.push(...ports);
  }
  // The record comes before the deeds: whoever starts next can take them back.
  room.store.putSandbox(sandbox);
  scope.undo(() => room.store.deleteSandbox(request.containerId));
  scope.undo(() => removeNetns(request.netnsPath));
  ensureNetns(request.netnsPath);
  for (const endpoint of sandbox.endpoints) wireEndpoint(room, sandbox, endpoint);
  scope.undo(() => undoShared(room, sandbox));
  await Promise.all([
    sandbox.ports.length === 0 ? undefined : room.firewall.add({ ports: sandbox.ports }),
    room.names.refresh(namedNetworks(room, sandbox)),
  ]);
  for (const endpoint of sandbox.endpoints) room.announce('connect', endpoint, sandbox);
}

async function undoShared(room: NetworkRoom, sandbox: Sandbox): Promise<void> {
  room.store.deleteSandbox(sandbox.containerId);
  if (sandbox.ports.length > 0) await room.firewall.remove({ ports: sandbox.ports });
  await room.names.refresh(namedNetworks(room, sandbox));
}

const asksPorts = (request: AttachRequest): boolean =>
  request.publishAll || Object.values(request.portBindings).some((each) => (each ?? []).length > 0);

/** Those networks of a sandbox that resolve names. */
export function namedNetworks(room: NetworkRoom, sandbox: Sandbox): string[] {
  return sandbox.endpoints.flatMap(({ networkId }) => {
    const network = room.store.byId(networkId);
    return network !== undefined && resolvesNames(network) ? [networkId] : [];
  });
}

// The network of the mode comes first and is eth0; the default route goes by the first that is not internal.
function chooseNetworks(
  room: NetworkRoom,
  request: AttachRequest,
): { network: BridgeNetwork; settings: EndpointSettings; link: string; isDefaultRoute: boolean }[] {
  const asked = new Map<BridgeNetwork, EndpointSettings>();
  const main = room.store.resolve(request.networkMode);
  for (const [reference, settings] of [[main.id, null] as const, ...Object.entries(request.endpoints)]) {
    const network = room.store.resolve(reference);
    if (!isBridge(network)) throw notJoinable(network);
    asked.set(network, { ...asked.get(network), ...settings });
  }
  const networks = [...asked];
  for (const [network, settings] of networks) assertSettings(network, settings);
  const front = networks.find(([network]) => !network.internal)?.[0];
  return networks.map(([network, settings], index) => ({
    network,
    settings,
    link: `eth${index}`,
    isDefaultRoute: network === front,
  }));
}

const notJoinable = (network: NetworkRecord): Error =>
  conflict(`container cannot be connected to network ${network.name} together with other networks`);

/** Throws for what only networks that a user made can do. */
export function assertSettings(network: BridgeNetwork, settings: EndpointSettings): void {
  if (settings.MacAddress && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(settings.MacAddress)) {
    throw invalid(`invalid MAC address: ${settings.MacAddress}`);
  }
  if (resolvesNames(network)) return;
  if (settings.IPAMConfig?.IPv4Address) {
    throw invalid('user specified IP address is supported on user defined networks only');
  }
  if ((settings.Aliases ?? []).length > 0) {
    throw invalid('network-scoped alias is supported only for containers in user defined networks');
  }
}

function joinContainer(room: NetworkRoom, request: AttachRequest, reference: string): Attached {
  const other = room.store.findSandbox(reference);
  if (other === undefined) {
    throw conflict(`cannot join network of a non running container: ${reference}`, {
      hint: `Start it first: wharf start ${reference}`,
    });
  }
  if (other.containerId === request.containerId) {
    throw invalid(`container cannot join its own network: ${reference}`);
  }
  return { ...answer(room, { ...request, hostname: other.hostname }, other), networks: {}, ports: {} };
}

function answer(room: NetworkRoom, request: AttachRequest, sandbox: Sandbox): Attached {
  return {
    networks: networksOf(room, sandbox),
    ports: sandbox.mode === 'host' ? {} : portMapOf(sandbox.ports, request.exposedPorts),
    ...resolutionOf(room, request, sandbox),
    sandboxKey: sandbox.netnsPath,
  };
}

/** A sandbox's networks by name, as inspect shows them. */
export function networksOf(room: NetworkRoom, sandbox: Sandbox): Record<string, EndpointSettings> {
  const each = sandbox.endpoints.map((endpoint: Endpoint) => [
    endpoint.networkName,
    settingsOf(room, sandbox, endpoint),
  ]);
  return Object.fromEntries(each) as Record<string, EndpointSettings>;
}

function bareSettings(network: NetworkRecord): EndpointSettings {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: network.id,
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    MacAddress: '',
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
