// Connect and disconnect: a running container joins or leaves a network.
import { detachVeth } from '#kernel/links.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { conflict, forbidden, notFound } from '#shared/errors.ts';
import { Scope } from '#shared/scope.ts';
import { assertSettings } from './attach.ts';
import type { Endpoint, NetworkRecord, Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { isBridge } from './store.ts';
import { planEndpoint, settingsOf, wireEndpoint } from './wire.ts';

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
  if (!isBridge(network)) throw unjoinable(network);
  if (sandbox.mode === 'host') {
    throw forbidden(
      'container cannot be connected to multiple networks with one of the networks in host mode',
    );
  }
  if (sandbox.endpoints.some(({ networkId }) => networkId === network.id)) {
    throw forbidden(`endpoint with name ${sandbox.name} already exists in network ${network.name}`);
  }
  const settings = request.settings ?? {};
  assertSettings(network, settings);
  const isDefaultRoute = !network.internal && !sandbox.endpoints.some((each) => each.isDefaultRoute);
  await using scope = new Scope();
  const endpoint = planEndpoint(room, { network, settings, link: freeLink(sandbox), isDefaultRoute });
  scope.undo(() => room.releaseAddress(endpoint));
  const joined = { ...sandbox, endpoints: [...sandbox.endpoints, endpoint] };
  room.store.putSandbox(joined);
  scope.undo(() => room.store.putSandbox(sandbox));
  wireEndpoint(room, sandbox, endpoint);
  scope.undo(() => detachVeth({ netns: sandbox.netnsPath, name: endpoint.link }));
  await room.names.refresh([network.id]);
  scope.keep();
  room.announce('connect', endpoint, joined);
  return settingsOf(room, joined, endpoint);
}

function requireRunning(room: NetworkRoom, containerId: string): Sandbox {
  const sandbox = room.store.sandbox(containerId);
  if (sandbox === undefined) throw conflict(`container ${containerId} is not running`);
  return sandbox;
}

const unjoinable = (network: NetworkRecord): Error =>
  network.driver === 'host'
    ? forbidden('container cannot be disconnected from host network or connected to host network')
    : forbidden(
        'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      );

function freeLink(sandbox: Sandbox): string {
  for (let number = 0; ; number++) {
    const name = `eth${number}`;
    if (!sandbox.endpoints.some(({ link }) => link === name)) return name;
  }
}

/**
 * Afterwards the container has no link on the network; ports that were published by way of it answer no more.
 * A container that does not run has nothing to give back. Throws `forbidden` where it is not on the network.
 */
export async function disconnectContainer(
  room: NetworkRoom,
  request: { network: string; containerId: string },
): Promise<void> {
  const network = room.store.resolve(request.network);
  const sandbox = requireRunning(room, request.containerId);
  const endpoint = sandbox.endpoints.find(({ networkId }) => networkId === network.id);
  if (endpoint === undefined) {
    throw notFound(`container ${request.containerId} is not connected to network ${network.name}`);
  }
  const lost = sandbox.ports.filter(({ containerAddress }) => containerAddress === endpoint.address);
  detachVeth({ netns: sandbox.netnsPath, name: endpoint.link });
  room.store.putSandbox(without(sandbox, endpoint));
  await Promise.all([
    lost.length === 0 ? undefined : room.firewall.remove({ ports: lost }),
    room.names.refresh([network.id]),
  ]);
  for (const port of lost) room.reservations.release(port);
  room.releaseAddress(endpoint);
  room.announce('disconnect', endpoint, sandbox);
}

const without = (sandbox: Sandbox, endpoint: Endpoint): Sandbox => ({
  ...sandbox,
  endpoints: sandbox.endpoints.filter((each) => each !== endpoint),
  ports: sandbox.ports.filter(({ containerAddress }) => containerAddress !== endpoint.address),
});
