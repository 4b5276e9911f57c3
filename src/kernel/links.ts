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
  RTA,
  routeRequest,
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
import { NetlinkSocket } from '#kernel/netlink/socket.ts';
import { inNetns } from '#kernel/netns.ts';
import { codeOf, conflict, notFound } from '#shared/errors.ts';

export type { Link } from '#kernel/netlink/links.ts';

const VETH_INFO_PEER = 1;
const BRPORT_MODE = 4;

export interface Route {
  /** `network/length`; the default route is `0.0.0.0/0`. */
  destination: string;
  device: string;
  gateway?: string;
}

export interface BridgeRequest {
  name: string;
  /** `address/length`, all of which the bridge has afterwards. */
  addresses: string[];
  mtu?: number;
  /** Given to a bridge that is made; without one the kernel would change it with every port. */
  mac?: string;
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
    const body = Buffer.concat([linkHead(0, true), ...attributes]);
    socket.change(`bridge ${request.name}`, [{ type: RTM.NEWLINK, flags: make, body }]);
  }
  const link = found ?? findLink(socket, request.name);
  if (link === undefined) throw conflict(`bridge ${request.name} has gone again`);
  const requests = request.addresses.map((address) => addressRequest(link.index, address));
  if (!link.up) requests.push(upRequest(link.index));
  if (requests.length > 0) socket.change(`bridge ${request.name}`, requests);
}

/** Afterwards no link has this name. */
export function removeLink(name: string): void {
  using socket = new NetlinkSocket();
  deleteLink(socket, name);
}

export interface VethRequest {
  /** Path of the container's network namespace. */
  netns: string;
  /** Name of the bridge that the host's end becomes a port of. */
  bridge: string;
  /** Name of the host's end, at most 15 characters. */
  hostName: string;
  /** Name of the container's end; default eth0. */
  name?: string;
  mac?: string;
  /** `address/length` of the container's end. */
  addresses: string[];
  /** Where given, the default route. */
  gateway?: string;
  mtu?: number;
  /** Whether the bridge sends frames back out of the port they came from: a container asks its own published port. */
  hairpin?: boolean;
}

/** Afterwards a veth pair joins the namespace to the bridge, both ends up, addresses and default route set. */
export function attachVeth(request: VethRequest): { mac: string } {
  const name = request.name ?? 'eth0';
  using host = new NetlinkSocket();
  const bridge = findLink(host, request.bridge);
  if (bridge === undefined) throw conflict(`bridge ${request.bridge} does not exist`);
  const descriptor = openSync(request.netns, 'r');
  try {
    const requests = [vethRequest(request, name, { bridge: bridge.index, descriptor })];
    if (request.hairpin) requests.push(hairpinRequest(request.hostName));
    host.change(`veth ${request.hostName}`, requests);
  } finally {
    closeSync(descriptor);
  }
  try {
    using inside = inNetns(request.netns, () => new NetlinkSocket());
    const link = findLink(inside, name);
    if (link === undefined) throw conflict(`${name} has gone from the namespace again`);
    const requests = [
      upRequest(link.index),
      ...request.addresses.map((text) => addressRequest(link.index, text)),
    ];
    if (request.gateway !== undefined) requests.push(routeRequest(link.index, request.gateway));
    inside.change(`configure ${name}`, requests);
    return { mac: link.mac };
  } catch (thrown) {
    deleteLink(host, request.hostName);
    throw thrown;
  }
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
  return { type: RTM.NEWLINK, flags: make, body: Buffer.concat([linkHead(0, true), ...attributes]) };
}

function hairpinRequest(hostName: string): NetlinkRequest {
  const mode = attribute(INFO.SLAVE_DATA, [attribute(BRPORT_MODE, Buffer.from([1]))]);
  const port = attribute(IFLA.LINKINFO, [attribute(INFO.SLAVE_KIND, 'bridge'), mode]);
  return {
    type: RTM.NEWLINK,
    flags: 0,
    body: Buffer.concat([linkHead(0), attribute(IFLA.IFNAME, hostName), port]),
  };
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

/** Brings a link of this thread's namespace up. */
export function setLinkUp(name: string): void {
  using socket = new NetlinkSocket();
  const body = Buffer.concat([linkHead(0, true), attribute(IFLA.IFNAME, name)]);
  socket.change(`set ${name} up`, [{ type: RTM.SETLINK, flags: 0, body }]);
}

/** Adds a route by `gateway` on `device`, in this thread's namespace; one to the same place is replaced. */
export function addRoute(route: { destination: string; gateway: string; device: string }): void {
  using socket = new NetlinkSocket();
  const link = findLink(socket, route.device);
  if (link === undefined) throw notFound(`no network device ${route.device}`);
  socket.change(`route ${route.destination}`, [routeRequest(link.index, route.gateway, route.destination)]);
}

/** Gives a link inside a namespace another name. */
export function renameInNetns(request: { netns: string; from: string; to: string }): void {
  using socket = inNetns(request.netns, () => new NetlinkSocket());
  const link = findLink(socket, request.from);
  if (link === undefined) throw notFound(`no network device ${request.from}`);
  const body = Buffer.concat([linkHead(link.index), attribute(IFLA.IFNAME, request.to)]);
  const down = { type: RTM.SETLINK, flags: 0, body: linkHead(link.index, false) };
  socket.change(`rename ${request.from}`, [
    down,
    { type: RTM.SETLINK, flags: 0, body },
    upRequest(link.index),
  ]);
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

/** The IPv4 unicast routes of this thread's namespace, of every table. */
export function observeRoutes(): Route[] {
  using socket = new NetlinkSocket();
  const names = new Map(
    socket
      .dump({ type: RTM.GETLINK, flags: 0, body: linkHead(0) })
      .map(decodeLink)
      .map(({ index, name }) => [index, name]),
  );
  const answers = socket.dump({ type: RTM.GETROUTE, flags: 0, body: routeHead(2, 0, 0) });
  return answers.flatMap((body) => {
    const unicast = body.readUInt8(0) === 2 && body.readUInt8(7) === 1;
    if (!unicast) return [];
    const attributes = decodeAttributes(body, 12);
    const to = attributes.get(RTA.DST);
    const gateway = attributes.get(RTA.GATEWAY);
    return [
      {
        destination: `${to === undefined ? '0.0.0.0' : formatAddress(to)}/${body.readUInt8(1)}`,
        device: names.get(attributes.get(RTA.OIF)?.readUInt32LE(0) ?? 0) ?? '',
        ...(gateway === undefined ? {} : { gateway: formatAddress(gateway) }),
      },
    ];
  });
}
