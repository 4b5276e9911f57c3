// The requests that links, addresses and routes need, and the reading of links, as netlink messages.
import { codeOf } from '#shared/errors.ts';
import { formatMac, parseInterfaceAddress } from './address.ts';
import {
  addressHead,
  attribute,
  attributeText,
  decodeAttributes,
  linkHead,
  type NetlinkRequest,
  NLM_F,
  RTM,
  routeHead,
} from './message.ts';
import type { NetlinkSocket } from './socket.ts';

export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  LINKINFO: 18,
  AF_SPEC: 26,
  NET_NS_FD: 28,
} as const;
export const INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const;
export const IFA = { ADDRESS: 1, LOCAL: 2 } as const;
export const RTA = { DST: 1, OIF: 4, GATEWAY: 5 } as const;
const AF_INET6 = 10;
const INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_NONE = 1;
const IFA_F_NODAD = 2;
/** For things that must not exist yet. */
export const make = NLM_F.CREATE | NLM_F.EXCL;

export interface Link {
  name: string;
  index: number;
  /** `bridge`, `veth`, …; empty for hardware and loopback. */
  kind: string;
  mac: string;
  up: boolean;
  mtu: number;
  /** Index of the bridge it is a port of. */
  master?: number;
  /** `address/length`, IPv4 and IPv6. */
  addresses: string[];
}

/** Sets IFF_UP. */
export const upRequest = (index: number): NetlinkRequest => ({
  type: RTM.SETLINK,
  flags: 0,
  body: linkHead(index, true),
});

/** The link, by name, gives itself no IPv6 address: nothing to look for duplicates of, no chatter. */
export function quietRequest(name: string): NetlinkRequest {
  const mode = attribute(INET6_ADDR_GEN_MODE, Buffer.from([ADDR_GEN_NONE]));
  const spec = attribute(IFLA.AF_SPEC, [attribute(AF_INET6, [mode])]);
  const body = Buffer.concat([linkHead(0), attribute(IFLA.IFNAME, name), spec]);
  return { type: RTM.SETLINK, flags: 0, body };
}

/** Brings up the link of this name. */
export const upByName = (name: string): NetlinkRequest => ({
  type: RTM.SETLINK,
  flags: 0,
  body: Buffer.concat([linkHead(0, true), attribute(IFLA.IFNAME, name)]),
});

/** Gives a link an address; one that is there already is no error (REPLACE instead of EXCL). */
export function addressRequest(index: number, text: string): NetlinkRequest {
  const { family, bytes, prefixLength } = parseInterfaceAddress(text);
  const attributes = [attribute(IFA.LOCAL, bytes), attribute(IFA.ADDRESS, bytes)];
  if (family === 2 && prefixLength < 31) attributes.push(attribute(4, broadcast(bytes, prefixLength)));
  const head = addressHead(family, prefixLength, index);
  // Our addresses are ours by record; to look for duplicates would keep them from use for a second.
  if (family === 10) head.writeUInt8(IFA_F_NODAD, 2);
  const body = Buffer.concat([head, ...attributes]);
  return { type: RTM.NEWADDR, flags: NLM_F.CREATE | NLM_F.REPLACE, body };
}

function broadcast(address: Buffer, prefixLength: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((address.readUInt32BE(0) | (0xffffffff >>> prefixLength)) >>> 0, 0);
  return bytes;
}

/** Routes `destination` (default: everything of the gateway's family) by a gateway. */
export function routeRequest(index: number, gateway: string, destination?: string): NetlinkRequest {
  const via = parseInterfaceAddress(gateway);
  const to = parseInterfaceAddress(destination ?? (via.family === 2 ? '0.0.0.0/0' : '::/0'));
  const attributes = [attribute(RTA.OIF, index), attribute(RTA.GATEWAY, via.bytes)];
  if (to.prefixLength > 0) attributes.push(attribute(RTA.DST, to.bytes));
  const body = Buffer.concat([routeHead(via.family, to.prefixLength, 0), ...attributes]);
  return { type: RTM.NEWROUTE, flags: NLM_F.CREATE | NLM_F.REPLACE, body };
}

const RT_SCOPE_LINK = 253;

/** Routes `destination` straight out of the link, whose neighbours have the addresses. */
export function onLinkRequest(index: number, destination: string): NetlinkRequest {
  const to = parseInterfaceAddress(destination);
  const attributes = [attribute(RTA.OIF, index)];
  if (to.prefixLength > 0) attributes.push(attribute(RTA.DST, to.bytes));
  const scope = to.family === 2 ? RT_SCOPE_LINK : 0;
  const body = Buffer.concat([routeHead(to.family, to.prefixLength, scope), ...attributes]);
  return { type: RTM.NEWROUTE, flags: NLM_F.CREATE | NLM_F.REPLACE, body };
}

/** Deletes the link of that name in the socket's namespace; none being there is fine. */
export function deleteLink(socket: NetlinkSocket, name: string): void {
  const body = Buffer.concat([linkHead(0), attribute(IFLA.IFNAME, name)]);
  try {
    socket.change(`delete ${name}`, [{ type: RTM.DELLINK, flags: 0, body }]);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENODEV') throw thrown;
  }
}

/** The link of that name in the socket's namespace, without its addresses. */
export function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  const body = Buffer.concat([linkHead(0), attribute(IFLA.IFNAME, name)]);
  const answer = socket.get({ type: RTM.GETLINK, flags: 0, body });
  return answer === undefined ? undefined : decodeLink(answer);
}

/** A link as the kernel describes it; `addresses` is left empty. */
export function decodeLink(body: Buffer): Link {
  const attributes = decodeAttributes(body, 16);
  const info = decodeAttributes(attributes.get(IFLA.LINKINFO) ?? Buffer.alloc(0), 0);
  const master = attributes.get(IFLA.MASTER);
  return {
    name: attributeText(attributes.get(IFLA.IFNAME)),
    index: body.readInt32LE(4),
    kind: attributeText(info.get(INFO.KIND)),
    mac: formatMac(attributes.get(IFLA.ADDRESS)),
    up: (body.readUInt32LE(8) & 1) === 1,
    mtu: attributes.get(IFLA.MTU)?.readUInt32LE(0) ?? 0,
    ...(master === undefined ? {} : { master: master.readUInt32LE(0) }),
    addresses: [],
  };
}
