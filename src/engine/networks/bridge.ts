// A network's devices on the host: a bridge with the gateways' addresses, or the parent that others' links stand on.
import {
  ensureBridge,
  joinBridge,
  observeLink,
  observeLinks,
  observeRoutes,
  removeLink,
} from '#kernel/links.ts';
import { ensureDummy, ensureLoopbackRoute, ensureVlan } from '#kernel/parent-links.ts';
import { linkKey, readSysctl, writeSysctl } from '#kernel/sysctl.ts';
import { conflict, notFound } from '#shared/errors.ts';
import { bridgeAddressesOf } from './addresses/bridge-addresses.ts';
import { familyOf, parseCidr } from './addresses/cidr.ts';
import { macOf } from './addresses/ipam.ts';
import { addressesOf, type Endpoint, gatewaysOf, type NetworkRecord, type Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import { isolatesMembers } from './rules/options.ts';
import { type BridgeNetwork, isBridge, type JoinableNetwork, type ParentNetwork } from './store.ts';

/** Whether the host has an address of IPv6 there. */
const speaksIpv6 = (network: NetworkRecord): boolean =>
  network.blocks.some(({ subnet, isBare }) => familyOf(subnet) === 6 && isBare !== true);

/** Afterwards the network's device on the host is up, and the host forwards unless it is not to. Safe to repeat; about 1 ms. */
export function ensureDevice({ choices }: Pick<NetworkRoom, 'choices'>, network: JoinableNetwork): void {
  if (isBridge(network)) ensureBridgeDevice(network, choices.defaults.forward ?? true);
  else ensureParent(network);
}

function ensureBridgeDevice(network: BridgeNetwork, forwards: boolean): void {
  const { device, mtu } = network.bridge;
  const [first] = gatewaysOf(network);
  const isDual = speaksIpv6(network);
  ensureBridge({
    name: device,
    addresses: bridgeAddressesOf(network),
    ...(first === undefined ? {} : { mac: macOf(first) }),
    ...(mtu === undefined ? {} : { mtu }),
    ipv6: isDual,
  });
  // Connections from 127.0.0.1 to a published port leave by this device.
  writeSysctl(linkKey('ipv4', device, 'route_localnet'), 1);
  if (forwards) writeSysctl('net.ipv4.ip_forward', 1);
  if (isDual) beginIpv6(device, forwards);
}

function beginIpv6(device: string, forwards: boolean): void {
  writeSysctl(linkKey('ipv6', device, 'accept_ra'), 0);
  // Until the bridge's own address is known to be nobody else's, it would forward nothing to containers: a second.
  writeSysctl(linkKey('ipv6', device, 'accept_dad'), 0);
  if (forwards && readSysctl('net.ipv6.conf.all.forwarding') === '0') {
    // A host that forwards no longer heeds routers' announcements, and would lose the way out that it has from them.
    const announced = observeRoutes().filter(({ announced: isAnnounced }) => isAnnounced === true);
    for (const uplink of new Set(announced.map((route) => route.device))) {
      const heeding = linkKey('ipv6', uplink, 'accept_ra');
      if (readSysctl(heeding) === '1') writeSysctl(heeding, 2);
    }
    writeSysctl('net.ipv6.conf.all.forwarding', 1);
  }
  if (translatesLoopback6()) ensureLoopbackRoute(device);
}

/**
 * Whether connections to a port on ::1 can go by the kernel's translation. Not where bridged packets pass the IPv6
 * tables (br_netfilter): answers then come to ::1 by a device other than the loopback, which the kernel refuses.
 */
export const translatesLoopback6 = (): boolean => readSysctl('net.bridge.bridge-nf-call-ip6tables') !== '1';

/**
 * The hardware address of a bridge of that name that somebody else made; undefined where there is none, or it is one of
 * ours: those have an address that follows from their first one. Throws `conflict` for a link that is no bridge.
 */
export function foreignMacOf(device: string): string | undefined {
  const link = observeLinks().find(({ name }) => name === device);
  if (link === undefined) return undefined;
  if (link.kind !== 'bridge') throw conflict(`existing interface ${device} is not a bridge`);
  const isOurs = link.addresses.some((address) => macOf(address.split('/')[0] ?? '') === link.mac);
  return isOurs ? undefined : link.mac;
}

function ensureParent(network: ParentNetwork): void {
  const { device, isOurs } = network.parent;
  if (!isOurs) {
    if (observeLink(device) === undefined) throw notFound(`parent interface ${device} does not exist`);
    return;
  }
  const [, parent = '', id = ''] = /^(.+)\.(\d{1,4})$/.exec(device) ?? [];
  if (parent === '') ensureDummy(device);
  else ensureVlan(parent, Number(id));
}

/** Afterwards what the engine made for the network is gone. */
export function removeDevice(network: JoinableNetwork): void {
  if (isBridge(network)) {
    if (network.bridge.foreignMac === undefined) removeLink(network.bridge.device);
    return;
  }
  if (network.parent.isOurs) removeLink(network.parent.device);
}

/**
 * Whether the bridge has to keep neighbours apart: where bridged packets pass the IP tables those do it, and there a
 * bridge that does would also keep neighbours from each other's published ports.
 */
export const isolatesPorts = (network: BridgeNetwork): boolean =>
  isolatesMembers(network) && bridgeFilter().some((each) => each !== '1');

/**
 * As `isolatesPorts` for one container: not where others are linked to it and the firewall says who reaches it.
 */
export const isLocked = (room: NetworkRoom, network: BridgeNetwork, { hostLink }: Endpoint): boolean =>
  isolatesPorts(network) && !(room.firewall.filtersBridges && room.opened.unlocked.includes(hostLink));

/** Whether bridged packets pass the host's IPv4 and IPv6 tables. */
const bridgeFilter = (): (string | undefined)[] =>
  ['iptables', 'ip6tables'].map((each) => readSysctl(`net.bridge.bridge-nf-call-${each}`));

/**
 * Before a link of the network is made: where the host treats bridged packets otherwise than when it was last looked
 * at, `followBridgeFilter` looks anew, also if the host has changed its mind again by then.
 */
export function noteBridgeFilter(room: NetworkRoom, network: BridgeNetwork): void {
  if (isolatesMembers(network) && bridgeFilter().join() !== room.bridgeFilter) room.bridgeFilter = '';
}

/**
 * Afterwards the bridges of networks without icc keep neighbours apart as the host's treatment of bridged packets
 * wants it, which may have changed since a container started. Looks at two settings where it has not: 30 µs.
 */
export function followBridgeFilter(room: NetworkRoom): void {
  const now = bridgeFilter().join();
  if (now === room.bridgeFilter) return;
  room.bridgeFilter = now;
  for (const network of room.store.bridges())
    if (isolatesMembers(network) && !room.blocked.has(network.id)) repairDevice(room, network);
}

/** As `ensureDevice`, and the containers that are on the network are on its device again. */
export function repairDevice(room: NetworkRoom, network: JoinableNetwork): void {
  const reason = room.blocked.get(network.id);
  if (reason !== undefined) throw conflict(reason, { hint: 'See: wharf system check' });
  ensureDevice(room, network);
  if (!isBridge(network)) return;
  for (const { sandbox, endpoint } of room.store.members(network.id)) {
    joinBridge({
      bridge: network.bridge.device,
      hostName: endpoint.hostLink,
      isolated: isLocked(room, network, endpoint),
      hairpin: asksItself(sandbox, endpoint),
    });
  }
}

/** Whether a container may ask its own published port: frames then go back out of the port that they came from. */
export const asksItself = (sandbox: Sandbox, endpoint: Endpoint): boolean =>
  addressesOf(endpoint).some(({ address }) =>
    sandbox.ports.some(({ containerAddress }) => containerAddress === address),
  );
