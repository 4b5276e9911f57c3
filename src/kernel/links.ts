// Network links, addresses and routes by rtnetlink: bridges, veth pairs, and what the host has.
import { closeSync, openSync } from 'node:fs';
import { formatAddress, macBytes } from '#kernel/netlink/address.ts';
import {
  addressRequest,
  decodeLink,
  deleteLink,
  findLink,
  IFA,
  IFLA,
  INFO,
  type Link,
  make,
  onLinkRequest,
  quietRequest,
  RTA,
  routeRequest,
  upByName,
  upRequest,
} from '#kernel/netlink/links.ts';
import {
  addressHead,
  attribute,
  decodeAttributes,
  linkHead,
  type NetlinkRequest,
  RTM,
  routeHead,
} from '#kernel/netlink/message.ts';
import { settleCarrier } from '#kernel/netlink/settle.ts';
import { NetlinkSocket } from '#kernel/netlink/socket.ts';
import { inNetns } from '#kernel/netns.ts';
import { linkKey, readSysctl, writeSysctl } from '#kernel/sysctl.ts';
import { codeOf, conflict, unsupported } from '#shared/errors.ts';

export type { Link } from '#kernel/netlink/links.ts';

const VETH_INFO_PEER = 1;
const BRPORT_MODE = 4;
const BRPORT_ISOLATED = 33;
const RTPROT_RA = 9;

export interface Route {
  /** `network/length`; the default routes are `0.0.0.0/0` and `::/0`. */
  destination: string;
  device: string;
  gateway?: string;
  /** Whether a router announced it (IPv6). */
  announced?: boolean;
}

export interface BridgeRequest {
  name: string;
  /** `address/length`, all of which the bridge has afterwards. */
  addresses: string[];
  mtu?: number;
  /** Given to a bridge that is made; without one the kernel would change it with every port. */
  mac?: string;
  /** Whether a bridge that is made gives itself a link-local IPv6 address. */
  ipv6?: boolean;
}

/** Afterwards the bridge exists, is up and has the addresses. Throws `conflict` where another kind of link has the name. */
export function ensureBridge(request: BridgeRequest): void {
  using socket = new NetlinkSocket();
  const found = findLink(socket, request.name);
  if (found !== undefined && found.kind !== 'bridge') {
    throw conflict(`a network device named ${request.name} exists and is not a bridge`);
  }
  if (found === undefined) {
    const attributes = [
      attribute(IFLA.IFNAME, request.name),
      ...(request.mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(request.mac))]),
      ...(request.mtu === undefined ? [] : [attribute(IFLA.MTU, request.mtu)]),
      attribute(IFLA.LINKINFO, [attribute(INFO.KIND, 'bridge')]),
    ];
    const body = Buffer.concat([linkHead(0), ...attributes]);
    const requests: NetlinkRequest[] = [{ type: RTM.NEWLINK, flags: make, body }];
    if (request.ipv6 !== true && hasIpv6(request.mtu)) requests.push(quietRequest(request.name));
    socket.change(`bridge ${request.name}`, [...requests, upByName(request.name)]);
  }
  const link = found ?? findLink(socket, request.name);
  if (link === undefined) throw conflict(`bridge ${request.name} has gone again`);
  if (request.ipv6 === true) enableIpv6(request.name);
  const requests = request.addresses.map((address) => addressRequest(link.index, address));
  if (!link.up) requests.push(upRequest(link.index));
  if (request.mtu !== undefined && link.mtu !== request.mtu) {
    const body = Buffer.concat([linkHead(link.index), attribute(IFLA.MTU, request.mtu)]);
    requests.push({ type: RTM.SETLINK, flags: 0, body });
  }
  if (requests.length > 0) socket.change(`bridge ${request.name}`, requests);
}

/** Also where the host wants no IPv6 on its links, unless they are made for it. Throws `unsupported` without IPv6 in the kernel. */
function enableIpv6(link: string): void {
  const key = linkKey('ipv6', link, 'disable_ipv6');
  if (readSysctl(key) === undefined) {
    throw unsupported(`the kernel has no IPv6 for the link ${link}`, {
      hint: 'Was it started with ipv6.disable=1, or is the MTU below 1280?',
    });
  }
  writeSysctl(key, 0);
}

/** Afterwards no link has this name. */
export function removeLink(name: string): void {
  using socket = new NetlinkSocket();
  deleteLink(socket, name);
}

/** Below this the kernel has no IPv6 on a link (RFC 8200, section 5), nor anything to be said of it. */
const leastIpv6Mtu = 1280;
const hasIpv6 = (mtu = leastIpv6Mtu): boolean => mtu >= leastIpv6Mtu;

export interface VethRequest extends InsideRequest {
  /** Path of the container's network namespace. */
  netns: string;
  /** Name of the bridge that the host's end becomes a port of. */
  bridge: string;
  /** `address/length`, what the bridge ought to have. */
  bridgeAddresses?: string[];
  /** Name of the host's end, at most 15 characters. */
  hostName: string;
  /** Name of the container's end; default eth0. */
  name?: string;
  mac?: string;
  mtu?: number;
  /** Whether the bridge sends frames back out of the port they came from: a container asks its own published port. */
  hairpin?: boolean;
  /** Whether the bridge keeps frames of other such ports from it. */
  isolated?: boolean;
}

/** What a link inside a container's namespace is given. */
export interface InsideRequest {
  /** `address/length` */
  addresses: string[];
  /** The default routes' gateways, at most one a family. */
  gateways?: string[];
  /** Subnets that are reached straight by the link though it has no address there; `0.0.0.0/0` for all. */
  onLink?: string[];
}

/**
 * Afterwards a veth pair joins the namespace to the bridge, both ends up, addresses and default route set. Throws
 * `conflict` where the bridge is not as it ought to be.
 */
export function attachVeth(request: VethRequest): { mac: string } {
  const name = request.name ?? 'eth0';
  using host = new NetlinkSocket();
  const bridge = findLink(host, request.bridge);
  if (bridge === undefined) throw conflict(`bridge ${request.bridge} does not exist`);
  if (!bridge.up) throw conflict(`bridge ${request.bridge} is down`);
  for (const address of request.bridgeAddresses ?? [])
    if (!hasAddress(host, bridge.index, address))
      throw conflict(`bridge ${request.bridge} had lost ${address}`);
  const descriptor = openSync(request.netns, 'r');
  try {
    const made = vethRequest(request, name, { bridge: bridge.index, descriptor });
    const quiet = hasIpv6(request.mtu) ? [quietRequest(request.hostName)] : [];
    const port = [...quiet, upByName(request.hostName)];
    if (request.hairpin || request.isolated) port.unshift(portRequest(request));
    host.change(`veth ${request.hostName}`, [made, ...port]);
  } finally {
    closeSync(descriptor);
  }
  try {
    const mac = configureInside({ ...request, name });
    inNetns(request.netns, () => settleCarrier([name]));
    settleCarrier([request.hostName, request.bridge]);
    return { mac };
  } catch (thrown) {
    deleteLink(host, request.hostName);
    throw thrown;
  }
}

/** Whether a link has the address; afterwards it has. Costs less than a look at the addresses of all links. */
function hasAddress(socket: NetlinkSocket, index: number, text: string): boolean {
  try {
    socket.change(`address ${text}`, [{ ...addressRequest(index, text), flags: make }]);
    return false;
  } catch (thrown) {
    return codeOf(thrown) === 'EEXIST';
  }
}

/** Afterwards the link inside the namespace is up with its addresses and routes; its hardware address comes back. */
export function configureInside(request: InsideRequest & { netns: string; name: string }): string {
  const { name, addresses, gateways = [], onLink = [] } = request;
  using inside = inNetns(request.netns, () => new NetlinkSocket());
  const link = findLink(inside, name);
  if (link === undefined) throw conflict(`${name} has gone from the namespace again`);
  const isQuiet = hasIpv6(link.mtu) && !addresses.some((text) => text.includes(':'));
  const quiet = isQuiet ? [quietRequest(name)] : [];
  inside.change(`configure ${name}`, [
    ...quiet,
    upRequest(link.index),
    ...addresses.map((text) => addressRequest(link.index, text)),
    ...onLink.map((subnet) => onLinkRequest(link.index, subnet)),
    ...gateways.map((gateway) => routeRequest(link.index, gateway)),
  ]);
  return link.mac;
}

/** Afterwards the default routes of the gateways' families go by the link of that namespace. */
export function setDefaultRoutes(request: { netns: string; name: string; gateways: string[] }): void {
  using inside = inNetns(request.netns, () => new NetlinkSocket());
  const link = findLink(inside, request.name);
  if (link === undefined) throw conflict(`${request.name} has gone from the namespace`);
  const routes = request.gateways.map((gateway) => routeRequest(link.index, gateway));
  if (routes.length > 0) inside.change(`default route by ${request.name}`, routes);
}

function vethRequest(
  request: VethRequest,
  name: string,
  at: { bridge: number; descriptor: number },
): NetlinkRequest {
  const mtu = request.mtu === undefined ? [] : [attribute(IFLA.MTU, request.mtu)];
  const peer = [
    linkHead(0),
    attribute(IFLA.IFNAME, name),
    attribute(IFLA.NET_NS_FD, at.descriptor),
    ...(request.mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(request.mac))]),
    ...mtu,
  ];
  const data = attribute(INFO.DATA, [attribute(VETH_INFO_PEER, peer)]);
  const attributes = [
    attribute(IFLA.IFNAME, request.hostName),
    attribute(IFLA.MASTER, at.bridge),
    ...mtu,
    attribute(IFLA.LINKINFO, [attribute(INFO.KIND, 'veth'), data]),
  ];
  return { type: RTM.NEWLINK, flags: make, body: Buffer.concat([linkHead(0), ...attributes]) };
}

function portRequest(port: { hostName: string; hairpin?: boolean; isolated?: boolean }): NetlinkRequest {
  const { hostName, hairpin = false, isolated = false } = port;
  const settings = [
    attribute(BRPORT_MODE, Buffer.from([Number(hairpin)])),
    attribute(BRPORT_ISOLATED, Buffer.from([Number(isolated)])),
  ];
  const data = attribute(INFO.SLAVE_DATA, settings);
  const info = attribute(IFLA.LINKINFO, [attribute(INFO.SLAVE_KIND, 'bridge'), data]);
  return {
    type: RTM.NEWLINK,
    flags: 0,
    body: Buffer.concat([linkHead(0), attribute(IFLA.IFNAME, hostName), info]),
  };
}

export interface PortRequest {
  bridge: string;
  hostName: string;
  hairpin: boolean;
  isolated: boolean;
}

/** Afterwards the link is a port of the bridge. A link that has gone, with its container, is fine. */
export function joinBridge(request: PortRequest): void {
  using socket = new NetlinkSocket();
  const bridge = findLink(socket, request.bridge);
  const port = findLink(socket, request.hostName);
  if (bridge === undefined || port === undefined) return;
  const body = Buffer.concat([linkHead(port.index), attribute(IFLA.MASTER, bridge.index)]);
  const join = { type: RTM.SETLINK, flags: 0, body };
  socket.change(`port ${request.hostName}`, [join, portRequest(request), upRequest(port.index)]);
}

/** Takes a link out of a namespace; its other end goes too. Neither link nor namespace being there is fine. */
export function detachVeth(request: { netns: string; name: string }): void {
  try {
    using inside = inNetns(request.netns, () => new NetlinkSocket());
    deleteLink(inside, request.name);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** The link of that name in this thread's namespace, without its addresses. */
export function observeLink(name: string): Link | undefined {
  using socket = new NetlinkSocket();
  return findLink(socket, name);
}

/** All links of this thread's namespace. */
export function observeLinks(): Link[] {
  using socket = new NetlinkSocket();
  const links = socket.dump({ type: RTM.GETLINK, flags: 0, body: linkHead(0) }).map(decodeLink);
  const byIndex = new Map(links.map((link) => [link.index, link]));
  for (const body of socket.dump({ type: RTM.GETADDR, flags: 0, body: addressHead(0, 0, 0) })) {
    const attributes = decodeAttributes(body, 8);
    const address = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
    if (address === undefined) continue;
    byIndex.get(body.readUInt32LE(4))?.addresses.push(`${formatAddress(address)}/${body.readUInt8(1)}`);
  }
  return links;
}

/** The IPv4 and IPv6 unicast routes of this thread's namespace, of every table. */
export function observeRoutes(): Route[] {
  using socket = new NetlinkSocket();
  const names = new Map(
    socket
      .dump({ type: RTM.GETLINK, flags: 0, body: linkHead(0) })
      .map(decodeLink)
      .map(({ index, name }) => [index, name]),
  );
  return [2, 10].flatMap((family) =>
    socket
      .dump({ type: RTM.GETROUTE, flags: 0, body: routeHead(family, 0, 0) })
      .filter((body) => body.readUInt8(0) === family && body.readUInt8(7) === 1)
      .map((body) => decodeRoute(body, names)),
  );
}

function decodeRoute(body: Buffer, names: Map<number, string>): Route {
  const attributes = decodeAttributes(body, 12);
  const to = attributes.get(RTA.DST);
  const gateway = attributes.get(RTA.GATEWAY);
  const everything = body.readUInt8(0) === 2 ? '0.0.0.0' : '::';
  return {
    destination: `${to === undefined ? everything : formatAddress(to)}/${body.readUInt8(1)}`,
    device: names.get(attributes.get(RTA.OIF)?.readUInt32LE(0) ?? 0) ?? '',
    ...(gateway === undefined ? {} : { gateway: formatAddress(gateway) }),
    ...(body.readUInt8(5) === RTPROT_RA ? { announced: true } : {}),
  };
}
