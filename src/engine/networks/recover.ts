// Recovery: what the records say against who is still there.
import { detachVeth, observeLinks, observeRoutes } from '#kernel/links.ts';
import { inNetns } from '#kernel/netns.ts';
import { messageOf } from '#shared/errors.ts';
import { ensureDevice, repairDevice } from './bridge.ts';
import { detachContainer } from './detach.ts';
import { writeNeighbours } from './neighbours.ts';
import { addressesOf, type Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { settleLinks } from './rules/follow-links.ts';
import { isBridge, type JoinableNetwork } from './store.ts';
import { subnetHolder } from './subnets.ts';
import { reroute, wireEndpoint } from './wire.ts';

export interface RunningContainer {
  containerId: string;
  netnsPath: string;
}

/**
 * Afterwards everything of containers that do not run is given back, and host ports of those that run are
 * reserved again. Their links and rules are left alone. Problems that need no answer come back as sentences.
 */
export async function recoverNetworks(room: NetworkRoom, running: RunningContainer[]): Promise<string[]> {
  const alive = new Set(running.map(({ containerId }) => containerId));
  const warnings: string[] = [];
  const [kept = [], dead = []] = [true, false].map((wanted) =>
    room.store.sandboxes().filter(({ containerId }) => alive.has(containerId) === wanted),
  );
  await Promise.all(dead.map(({ containerId }) => detachContainer(room, containerId)));
  warnings.push(...rejoin(room, kept));
  for (const sandbox of kept) {
    warnings.push(...rewire(room, sandbox));
    warnings.push(...(await reserveAgain(room, sandbox)));
  }
  await settleLinks(room);
  await room.names.recover();
  for (const sandbox of kept) writeNeighbours(room.store, sandbox);
  return warnings;
}

/** A bridge that was deleted while no engine ran is there again, but without its ports. */
function rejoin(room: NetworkRoom, kept: Sandbox[]): string[] {
  const links = new Map(observeLinks().map((link) => [link.name, link]));
  const left = new Set<JoinableNetwork>();
  for (const { networkId, hostLink } of kept.flatMap(({ endpoints }) => endpoints)) {
    const network = room.store.byId(networkId);
    if (network === undefined || !isBridge(network) || room.blocked.has(networkId)) continue;
    const port = links.get(hostLink);
    if (port !== undefined && port.master !== links.get(network.bridge.device)?.index) left.add(network);
  }
  return [...left].flatMap((network) => {
    try {
      repairDevice(room, network);
      return [];
    } catch (thrown) {
      return [`network ${network.name}: ${messageOf(thrown)}`];
    }
  });
}

/**
 * A connect that was cut off before its link was made, or a disconnect before it was recorded: the link is made. A
 * disconnect that was cut off after that may have taken the way out with it.
 */
function rewire(room: NetworkRoom, sandbox: Sandbox): string[] {
  if (sandbox.endpoints.length === 0) return [];
  try {
    const { links, routes } = inNetns(sandbox.netnsPath, () => ({
      links: observeLinks(),
      routes: observeRoutes(),
    }));
    const missing = sandbox.endpoints.filter((endpoint) => {
      const has = links.find(({ name }) => name === endpoint.link)?.addresses ?? [];
      return addressesOf(endpoint).some(
        ({ address, prefixLength }) => !has.includes(`${address}/${prefixLength}`),
      );
    });
    for (const endpoint of missing) {
      detachVeth({ netns: sandbox.netnsPath, name: endpoint.link });
      wireEndpoint(room, sandbox, endpoint);
    }
    const hasWayOut = (destination: string): boolean =>
      routes.some((route) => route.destination === destination);
    const isCutOff = sandbox.endpoints.some(
      ({ isDefault4, isDefault6 }) =>
        (isDefault4 && !hasWayOut('0.0.0.0/0')) || (isDefault6 && !hasWayOut('::/0')),
    );
    if (missing.length > 0 || isCutOff) reroute(sandbox);
    return [];
  } catch (thrown) {
    return [`container ${sandbox.name}: ${messageOf(thrown)}`];
  }
}

async function reserveAgain(room: NetworkRoom, sandbox: Sandbox): Promise<string[]> {
  const warnings: string[] = [];
  for (const port of sandbox.ports) {
    if (room.reservations.isTaken(port)) continue;
    try {
      await room.reservations.take(port, sandbox.name);
    } catch (thrown) {
      warnings.push(`container ${sandbox.name}: ${messageOf(thrown)}`);
    }
  }
  return warnings;
}

/** Afterwards every bridge network has its device. What cannot be made comes back as sentences. */
export function ensureDevices(room: NetworkRoom): string[] {
  return room.store.joinables().flatMap((network) => {
    try {
      const reason = takenMeanwhile(network);
      if (reason === undefined) {
        ensureDevice(room, network);
        return [];
      }
      room.blocked.set(network.id, reason);
      return [reason];
    } catch (thrown) {
      // The default bridge must be there; one broken user network must not keep the engine from starting.
      if (network.name === 'bridge') throw thrown;
      return [`network ${network.name}: ${messageOf(thrown)}`];
    }
  });
}

/** Why the network cannot be: its subnet is another device's now. */
export function takenMeanwhile(network: JoinableNetwork): string | undefined {
  if (!isBridge(network)) return undefined;
  for (const { subnet, isBare } of network.blocks) {
    if (isBare) continue;
    const holder = subnetHolder(subnet, network.bridge.device);
    if (holder !== undefined)
      return `network ${network.name}: its subnet ${subnet} is now that of the device ${holder}`;
  }
  return undefined;
}
