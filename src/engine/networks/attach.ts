// Attach: a container that starts gets its namespace, its links, its published ports and its names.
import { ensureNetns } from '#kernel/netns.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { conflict, forbidden, invalid } from '#shared/errors.ts';
import { Scope } from '#shared/scope.ts';
import { assertSettings, freeLink, setLink } from './asked.ts';
import type { Attached, AttachRequest } from './attach-request.ts';
import { detachContainer, removeSandbox } from './detach.ts';
import { asksPorts, portMapOf, reservePorts } from './ports/publish.ts';
import { targetOf } from './ports/target.ts';
import type { Endpoint, NetworkRecord, Sandbox } from './record.ts';
import { resolutionOf } from './resolver.ts';
import type { NetworkRoom } from './room.ts';
import { followLinks } from './rules/follow-links.ts';
import { isJoinable, type JoinableNetwork } from './store.ts';
import { chooseDefaults, planEndpoint, settingsOf, wireEndpoint } from './wire.ts';

/** The host's own namespace, as every process can name it. */
const hostNetns = '/proc/1/ns/net';

/** Afterwards the container's network is complete but for its name (see `named`). On failure nothing of it is left. */
export async function attachContainer(room: NetworkRoom, asked: AttachRequest): Promise<Attached> {
  const request = withDefaults(room, asked);
  const mode = request.networkMode;
  if (mode.startsWith('container:')) return joinContainer(room, request, mode.slice('container:'.length));
  if (room.store.sandbox(request.containerId) !== undefined) await detachContainer(room, request.containerId);
  const main = room.store.resolve(mode);
  await using scope = new Scope();
  const sandbox = emptySandbox(request, main);
  if (main.configOnly === true) throw notJoinableAtAll(main);
  if (isJoinable(main)) await attachNetworks(room, request, { sandbox, scope });
  else {
    room.store.putSandbox(sandbox);
    scope.undo(() => room.store.deleteSandbox(request.containerId));
    if (main.driver === 'null') ensureNetns(request.netnsPath);
  }
  const attached = isJoinable(main)
    ? answer(room, request, sandbox)
    : bareAnswer(room, request, { sandbox, main });
  scope.keep();
  return attached;
}

/** What the engine was told counts where the container says nothing. */
function withDefaults({ choices }: NetworkRoom, request: AttachRequest): AttachRequest {
  const { dns = [], dnsSearch = [], dnsOptions = [] } = choices.defaults;
  const or = (own: string[], others: readonly string[]): string[] => (own.length > 0 ? own : [...others]);
  return {
    ...request,
    dns: or(request.dns, dns),
    dnsSearch: or(request.dnsSearch, dnsSearch),
    dnsOptions: or(request.dnsOptions, dnsOptions),
  };
}

function emptySandbox(request: AttachRequest, main: NetworkRecord): Sandbox {
  const onHost = main.driver === 'host';
  return {
    containerId: request.containerId,
    name: request.name,
    shortId: request.shortId,
    hostname: request.hostname,
    netnsPath: onHost ? hostNetns : request.netnsPath,
    mode: onHost || main.driver === 'null' ? main.name : request.networkMode,
    endpoints: [],
    ports: [],
    dns: request.dns,
    ...(request.hostsPath === undefined ? {} : { hostsPath: request.hostsPath }),
    ...(request.links === undefined ? {} : { links: request.links }),
    wish: {
      exposedPorts: request.exposedPorts,
      portBindings: request.portBindings,
      publishAll: request.publishAll,
    },
  };
}

async function attachNetworks(
  room: NetworkRoom,
  request: AttachRequest,
  { sandbox, scope }: { sandbox: Sandbox; scope: Scope },
): Promise<void> {
  for (const choice of chooseNetworks(room, request)) {
    const endpoint = planEndpoint(room, choice);
    scope.undo(() => room.releaseAddress(endpoint));
    sandbox.endpoints.push(endpoint);
  }
  sandbox.endpoints = chooseDefaults(room, sandbox.endpoints);
  const target = targetOf(room, sandbox.endpoints);
  if (target !== undefined && asksPorts(request)) {
    const ports = await reservePorts(room.reservations, scope, { ...request, target, owner: request.name });
    sandbox.ports.push(...ports);
  }
  // The record comes before the deeds: whoever starts next can take them back.
  room.store.putSandbox(sandbox);
  scope.undo(() => room.store.deleteSandbox(request.containerId));
  scope.undo(() => removeSandbox(sandbox));
  ensureNetns(request.netnsPath);
  scope.undo(() => undoShared(room, sandbox));
  // What a container may say of itself is settled before it can say anything.
  await room.firewall.add(sandbox);
  await followLinks(room);
  for (const endpoint of sandbox.endpoints) {
    wireEndpoint(room, sandbox, endpoint);
    setLink(sandbox, endpoint);
  }
  room.store.putSandbox(sandbox);
  room.beginNames(sandbox);
  for (const endpoint of sandbox.endpoints) room.announce('connect', endpoint, sandbox);
}

const idsOf = ({ endpoints }: Sandbox): string[] => endpoints.map(({ networkId }) => networkId);

async function undoShared(room: NetworkRoom, sandbox: Sandbox): Promise<void> {
  room.store.deleteSandbox(sandbox.containerId);
  await Promise.all([room.firewall.remove(sandbox), followLinks(room)]);
  await room.tellNames(idsOf(sandbox));
}

// The network of the mode comes first and is eth0.
function chooseNetworks(
  room: NetworkRoom,
  request: AttachRequest,
): { network: JoinableNetwork; settings: EndpointSettings; link: string }[] {
  const asked = new Map<JoinableNetwork, EndpointSettings>();
  const main = room.store.resolve(request.networkMode);
  for (const [reference, settings] of [[main.id, null] as const, ...Object.entries(request.endpoints)]) {
    const network = room.store.resolve(reference);
    if (!isJoinable(network)) throw notJoinable(network);
    asked.set(network, { ...asked.get(network), ...settings });
  }
  const networks = [...asked];
  for (const [network, settings] of networks) assertSettings(network, settings);
  const links: string[] = [];
  return networks.map(([network, settings]) => {
    const link = freeLink(network, settings, links);
    links.push(link);
    return { network, settings, link };
  });
}

const notJoinableAtAll = (network: NetworkRecord): Error =>
  forbidden(`cannot attach to network ${network.name}: it is a configuration only network`);

const notJoinable = (network: NetworkRecord): Error =>
  network.configOnly === true
    ? notJoinableAtAll(network)
    : conflict(`container cannot be connected to network ${network.name} together with other networks`);

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
  if (other.isShared !== true) room.store.putSandbox({ ...other, isShared: true });
  return { ...answer(room, { ...request, hostname: other.hostname }, other), networks: {}, ports: {} };
}

/** What a container has now that runs, as its attach told it; undefined where it has no network of its own. */
export function attachedOf(room: NetworkRoom, asked: AttachRequest): Attached | undefined {
  const request = withDefaults(room, asked);
  const sandbox = room.store.sandbox(request.containerId);
  if (sandbox === undefined) return undefined;
  // What it began on may be gone by now, where it has left it.
  const main = sandbox.endpoints.length > 0 ? undefined : room.store.named(sandbox.mode);
  return main === undefined || isJoinable(main)
    ? answer(room, request, sandbox)
    : bareAnswer(room, request, { sandbox, main });
}

function answer(room: NetworkRoom, request: AttachRequest, sandbox: Sandbox): Attached {
  return {
    networks: networksOf(room, sandbox),
    ports: sandbox.mode === 'host' ? {} : portMapOf(sandbox.ports, request.exposedPorts),
    ...resolutionOf(room, request, sandbox),
    sandboxKey: sandbox.netnsPath,
  };
}

/** On the host's network, or on none. */
const bareAnswer = (
  room: NetworkRoom,
  request: AttachRequest,
  { sandbox, main }: { sandbox: Sandbox; main: NetworkRecord },
): Attached => ({ ...answer(room, request, sandbox), networks: { [main.name]: bareSettings(main) } });

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
