// Connect and disconnect: a running container joins or leaves a network.
import { detachVeth } from '#kernel/links.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { conflict, forbidden, notFound } from '#shared/errors.ts';
import { Scope } from '#shared/scope.ts';
import { assertSettings, freeLink, setLink, unjoinable } from './asked.ts';
import { asksPorts, reservePorts, retarget } from './ports/publish.ts';
import { targetOf } from './ports/target.ts';
import { addressesOf, type Endpoint, type PublishedPort, type Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { followLinks } from './rules/follow-links.ts';
import { isJoinable } from './store.ts';
import { chooseDefaults, planEndpoint, reroute, settingsOf, wireEndpoint } from './wire.ts';

export interface ConnectRequest {
  /** Network by name or id. */
  network: string;
  containerId: string;
  settings?: EndpointSettings | null;
}

/** Afterwards the running container has a link on the network; what it looks like comes back. */
export async function connectContainer(
  room: NetworkRoom,
  request: ConnectRequest,
): Promise<EndpointSettings> {
  const network = room.store.resolve(request.network);
  const sandbox = requireRunning(room, request.containerId);
  if (!isJoinable(network)) throw unjoinable(network);
  const bare = sandbox.endpoints.length === 0 ? room.store.named(sandbox.mode) : undefined;
  if (bare !== undefined && !isJoinable(bare)) throw unjoinable(bare);
  if (sandbox.endpoints.some(({ networkId }) => networkId === network.id)) {
    throw forbidden(`endpoint with name ${sandbox.name} already exists in network ${network.name}`);
  }
  const settings = request.settings ?? {};
  assertSettings(network, settings);
  await using scope = new Scope();
  const links = sandbox.endpoints.map(({ link }) => link);
  const planned = planEndpoint(room, { network, settings, link: freeLink(network, settings, links) });
  scope.undo(() => room.releaseAddress(planned));
  const endpoints = chooseDefaults(room, [...sandbox.endpoints, planned]);
  const ports = await publishAgain(room, scope, { ...sandbox, endpoints });
  const mode = sandbox.endpoints.length === 0 ? network.name : sandbox.mode;
  const joined = { ...sandbox, mode, endpoints, ports: [...sandbox.ports, ...ports] };
  const endpoint = joined.endpoints.at(-1) ?? planned;
  room.store.putSandbox(joined);
  scope.undo(() => room.store.putSandbox(sandbox));
  await room.firewall.add({ endpoints: [endpoint], ports });
  scope.undo(() => room.firewall.remove({ endpoints: [endpoint], ports }));
  scope.undo(() => followLinks(room));
  await followLinks(room);
  wireEndpoint(room, joined, endpoint);
  scope.undo(() => detachVeth({ netns: sandbox.netnsPath, name: endpoint.link }));
  setLink(joined, endpoint);
  reroute(joined);
  room.store.putSandbox(joined);
  await room.tellNames([network.id]);
  scope.keep();
  room.announce('connect', endpoint, joined);
  return settingsOf(room, joined, endpoint);
}

/** What the container asked to publish and no network of it could until now. */
async function publishAgain(room: NetworkRoom, scope: Scope, sandbox: Sandbox): Promise<PublishedPort[]> {
  const { wish, ports, name: owner } = sandbox;
  const target = targetOf(room, sandbox.endpoints);
  if (ports.length > 0 || wish === undefined || target === undefined || !asksPorts(wish)) return [];
  return reservePorts(room.reservations, scope, { ...wish, target, owner });
}

function requireRunning(room: NetworkRoom, containerId: string): Sandbox {
  const sandbox = room.store.sandbox(containerId);
  if (sandbox === undefined) throw conflict(`container ${containerId} is not running`);
  return sandbox;
}

/**
 * Afterwards the container has no link on the network. Ports that were published by way of it go by another network
 * of the container; where there is none they answer no more.
 * A container that does not run has nothing to give back. Throws `forbidden` where it is not on the network.
 */
export async function disconnectContainer(
  room: NetworkRoom,
  request: { network: string; containerId: string },
): Promise<void> {
  const network = room.store.resolve(request.network);
  const sandbox = requireRunning(room, request.containerId);
  const endpoint = sandbox.endpoints.find(({ networkId }) => networkId === network.id);
  if (network.driver === 'null' && sandbox.mode === network.name && sandbox.endpoints.length === 0) {
    room.store.putSandbox({ ...sandbox, mode: '' });
    return;
  }
  if (endpoint === undefined) {
    throw notFound(`container ${request.containerId} is not connected to network ${network.name}`);
  }
  const left = leave(room, sandbox, endpoint);
  const moved = left.ports.filter((port) => !sandbox.ports.includes(port));
  const gone = sandbox.ports.filter((port) => !left.ports.includes(port));
  detachVeth({ netns: sandbox.netnsPath, name: endpoint.link });
  room.store.putSandbox(left);
  reroute(left);
  await room.firewall.remove({ ports: gone, endpoints: [endpoint] });
  await Promise.all([
    followLinks(room),
    room.firewall.add({ ports: moved }),
    room.tellNames([network.id], left),
  ]);
  for (const port of moved) room.reservations.retarget(port);
  for (const port of gone)
    if (!moved.some((each) => isSamePlace(each, port))) room.reservations.release(port);
  room.releaseAddress(endpoint);
  room.announce('disconnect', endpoint, sandbox);
}

const isSamePlace = (one: PublishedPort, other: PublishedPort): boolean =>
  one.protocol === other.protocol && one.hostAddress === other.hostAddress && one.hostPort === other.hostPort;

/** The sandbox without the endpoint; ports that led to it lead elsewhere. */
function leave(room: NetworkRoom, sandbox: Sandbox, endpoint: Endpoint): Sandbox {
  const endpoints = chooseDefaults(
    room,
    sandbox.endpoints.filter((each) => each !== endpoint),
  );
  const lost = addressesOf(endpoint).map(({ address }) => address);
  const target = targetOf(room, endpoints);
  const ports = sandbox.ports.flatMap((port) => {
    if (!lost.includes(port.containerAddress)) return [port];
    return target === undefined ? [] : retarget([port], target);
  });
  return { ...sandbox, endpoints, ports };
}
