// Links that stand on another link of the host: macvlan and ipvlan for containers, VLANs and dummies below them.
import { closeSync, openSync } from 'node:fs';
import { configureInside, type InsideRequest } from '#kernel/links.ts';
import { addressBytes, macBytes } from '#kernel/netlink/address.ts';
import { deleteLink, findLink, IFLA, INFO, make, RTA, upByName } from '#kernel/netlink/links.ts';
import { attribute, linkHead, NLM_F, RTM } from '#kernel/netlink/message.ts';
import { NetlinkSocket } from '#kernel/netlink/socket.ts';
import { inNetns } from '#kernel/netns.ts';
import { codeOf, conflict, notFound, unsupported } from '#shared/errors.ts';

const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
const ipvlanFlags = { bridge: 0, private: 1, vepa: 2 } as const;
const MODE = 1;
const FLAGS = 2;
const VLAN_ID = 1;
const RTA_PRIORITY = 6;

/** What kind of link a container gets on its parent. */
export type ParentKind =
  | { kind: 'macvlan'; mode: keyof typeof macvlanModes }
  | { kind: 'ipvlan'; mode: keyof typeof ipvlanModes; flag: keyof typeof ipvlanFlags };

export const parentModes = {
  macvlan: Object.keys(macvlanModes),
  ipvlan: Object.keys(ipvlanModes),
  ipvlanFlags: Object.keys(ipvlanFlags),
};

export interface ParentLinkRequest extends InsideRequest {
  /** Path of the container's network namespace. */
  netns: string;
  /** The host's link that it stands on. */
  parent: string;
  type: ParentKind;
  /** Name inside. */
  name: string;
  /** macvlan only; an ipvlan link has its parent's. */
  mac?: string;
  mtu?: number;
}

/** Afterwards the namespace has a link on the parent, configured. Throws `not-found` where there is no parent. */
export function attachToParent(request: ParentLinkRequest): { mac: string } {
  using host = new NetlinkSocket();
  const parent = findLink(host, request.parent);
  if (parent === undefined) throw notFound(`parent interface ${request.parent} does not exist`);
  const descriptor = openSync(request.netns, 'r');
  try {
    const attributes = [
      attribute(IFLA.IFNAME, request.name),
      attribute(IFLA.LINK, parent.index),
      attribute(IFLA.NET_NS_FD, descriptor),
      ...(request.mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(request.mac))]),
      ...(request.mtu === undefined ? [] : [attribute(IFLA.MTU, request.mtu)]),
      attribute(IFLA.LINKINFO, [attribute(INFO.KIND, request.type.kind), dataOf(request.type)]),
    ];
    const body = Buffer.concat([linkHead(0), ...attributes]);
    host.change(`${request.type.kind} on ${request.parent}`, [{ type: RTM.NEWLINK, flags: make, body }]);
  } catch (thrown) {
    throw refusalOf(request, parent.mtu, thrown);
  } finally {
    closeSync(descriptor);
  }
  try {
    return { mac: configureInside(request) };
  } catch (thrown) {
    using inside = inNetns(request.netns, () => new NetlinkSocket());
    deleteLink(inside, request.name);
    throw thrown;
  }
}

/** In words, where users can have brought it about. */
function refusalOf({ type, parent, mtu = 0 }: ParentLinkRequest, mostMtu: number, cause: unknown): unknown {
  switch (codeOf(cause)) {
    case 'EOPNOTSUPP':
      return noKind(type.kind, cause);
    case 'EBUSY':
      return conflict(`parent interface ${parent} is in use by another kind of link`, {
        hint: 'A link carries macvlan or ipvlan, not both, and no bridge ports beside them.',
        cause,
      });
    case 'EINVAL':
      return conflict(`failed to create the ${type.kind} port: invalid argument`, {
        hint:
          mtu > mostMtu
            ? `The MTU of the parent ${parent} is ${mostMtu}: that of its links cannot be larger.`
            : `In mode passthru a parent is for one container alone, and nothing else stands on it: ${parent}`,
        cause,
      });
    default:
      return cause;
  }
}

const noKind = (kind: string, cause: unknown): Error =>
  unsupported(`the kernel has no ${kind} links`, { hint: `Load the module: modprobe ${kind}`, cause });

function dataOf(type: ParentKind): Buffer {
  if (type.kind === 'macvlan') return attribute(INFO.DATA, [attribute(MODE, macvlanModes[type.mode])]);
  const half = (value: number): Buffer => Buffer.from([value, 0]);
  const settings = [attribute(MODE, half(ipvlanModes[type.mode]))];
  if (type.flag !== 'bridge') settings.push(attribute(FLAGS, half(ipvlanFlags[type.flag])));
  return attribute(INFO.DATA, settings);
}

/**
 * Afterwards answers to ::1 may come in by this device: where the kernel asks which of a device's own routes leads
 * there, it finds one. By its metric it is nobody's choice else.
 */
export function ensureLoopbackRoute(device: string): void {
  using socket = new NetlinkSocket();
  const link = findLink(socket, device);
  if (link === undefined) throw notFound(`no network device ${device}`);
  const attributes = [
    attribute(RTA.DST, addressBytes('::1')),
    attribute(RTA.OIF, link.index),
    attribute(RTA_PRIORITY, 9999),
  ];
  const body = Buffer.concat([localRouteHead(10, 128), ...attributes]);
  socket.change(`local route on ${device}`, [
    { type: RTM.NEWROUTE, flags: NLM_F.CREATE | NLM_F.REPLACE, body },
  ]);
}

/** struct rtmsg of a route in the table of the host's own addresses. */
const localRouteHead = (family: number, prefixLength: number): Buffer =>
  Buffer.from([family, prefixLength, 0, 0, 255, 3, 254, 2, 0, 0, 0, 0]);

/** Afterwards a link without a wire has this name and is up; true where it was made now. */
export function ensureDummy(name: string): boolean {
  return ensureMade(name, 'dummy', [attribute(IFLA.LINKINFO, [attribute(INFO.KIND, 'dummy')])]);
}

/** Afterwards `parent.id` is up, the VLAN `id` of the parent; true where it was made now. */
export function ensureVlan(parent: string, id: number): boolean {
  using socket = new NetlinkSocket();
  const below = findLink(socket, parent);
  if (below === undefined) throw notFound(`parent interface ${parent} does not exist`);
  const data = attribute(INFO.DATA, [attribute(VLAN_ID, Buffer.from([id & 255, id >> 8]))]);
  return ensureMade(`${parent}.${id}`, '8021q', [
    attribute(IFLA.LINK, below.index),
    attribute(IFLA.LINKINFO, [attribute(INFO.KIND, 'vlan'), data]),
  ]);
}

function ensureMade(name: string, module: string, attributes: Buffer[]): boolean {
  using socket = new NetlinkSocket();
  const isThere = findLink(socket, name) !== undefined;
  const body = Buffer.concat([linkHead(0), attribute(IFLA.IFNAME, name), ...attributes]);
  const requests = isThere ? [] : [{ type: RTM.NEWLINK, flags: make, body }];
  try {
    socket.change(`link ${name}`, [...requests, upByName(name)]);
  } catch (thrown) {
    throw codeOf(thrown) === 'EOPNOTSUPP' ? noKind(module, thrown) : thrown;
  }
  return !isThere;
}
