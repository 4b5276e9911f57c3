// Links as the firewall has them: where the default network keeps neighbours apart, a container reaches those that it is
// linked to, at the ports that they expose. As in Docker, links of networks that a user made are names only. Pure.
import { type PortProtocol, parsePortKey } from '#shared/notation/port.ts';
import { defaultNetworkName, type Endpoint, type PublishWish, type Sandbox } from '../record.ts';
import type { NetworkStore } from '../store.ts';
import { isolatesMembers } from './options.ts';

/** Connections that may be made between two containers which are kept apart. */
export interface Opening {
  /** The address of who is linked. */
  from: string;
  /** The address of whom it is linked to. */
  to: string;
  protocol: PortProtocol;
  port: number;
}

export interface Openings {
  openings: Opening[];
  /** The hosts' ends of links to containers that others are linked to, where the bridge itself keeps neighbours apart. */
  unlocked: string[];
}

/** By name, or by full id: by the beginning of an id not, any name of hexadecimal digits is one of somebody's. */
export const linkedSandbox = (store: NetworkStore, target: string): Sandbox | undefined =>
  store.sandbox(target) ?? store.sandboxes().find(({ name }) => name === target);

/** What links open by the records of now. `isLocking`: whether the bridge itself keeps neighbours apart. */
export function openingsOf(store: NetworkStore, isLocking: () => boolean): Openings {
  const network = store.named(defaultNetworkName);
  if (network === undefined || !isolatesMembers(network)) return { openings: [], unlocked: [] };
  const endpointOf = ({ endpoints }: Sandbox): Endpoint | undefined =>
    endpoints.find(({ networkId }) => networkId === network.id);
  const openings: Opening[] = [];
  const targets = new Set<string>();
  for (const sandbox of store.sandboxes()) {
    const own = endpointOf(sandbox);
    if (own === undefined) continue;
    for (const { target } of sandbox.links ?? []) {
      const linked = linkedSandbox(store, target);
      const other = linked === undefined ? undefined : endpointOf(linked);
      if (linked === undefined || other === undefined || linked === sandbox) continue;
      const found = between(own, other, linked.wish);
      openings.push(...found);
      if (found.length > 0) targets.add(other.hostLink);
    }
  }
  return { openings, unlocked: targets.size > 0 && isLocking() ? [...targets] : [] };
}

function between(own: Endpoint, other: Endpoint, wish: PublishWish | undefined): Opening[] {
  const keys = new Set([...(wish?.exposedPorts ?? []), ...Object.keys(wish?.portBindings ?? {})]);
  const ways = [
    [own.ipv4, other.ipv4],
    [own.ipv6, other.ipv6],
  ].flatMap(([from, to]) => (from && to ? [{ from: from.address, to: to.address }] : []));
  return ways.flatMap((way) => [...keys].map((key) => ({ ...way, ...parsePortKey(key) })));
}
