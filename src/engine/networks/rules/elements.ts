// What networks, endpoints and ports put into the sets and maps of the engine's tables: as text and as bytes. Pure.
import type { ElementChange } from '#kernel/firewall.ts';
import { addressBytes, macBytes } from '#kernel/netlink/address.ts';
import {
  addressText,
  canonicalAddress,
  type Family,
  familyOf,
  formatCidr,
  parseCidr,
} from '../addresses/cidr.ts';
import { macOf } from '../addresses/ipam.ts';
import type { Steered } from '../names/steering.ts';
import { addressesOf, type Endpoint, gatewaysOf, type PublishedPort, resolvesNames } from '../record.ts';
import type { BridgeNetwork } from '../store.ts';
import type { Openings } from './openings.ts';
import {
  type GatewayMode,
  hostAddressOf,
  isolatesMembers,
  masquerades,
  modeOf,
  trustedLinksOf,
} from './options.ts';

type FieldKind = 'ifname' | 'ether' | 'address' | 'protocol' | 'port' | 'raw' | 'subnet';
type Field = readonly [FieldKind, string];

export interface Element {
  family: 'inet' | 'bridge';
  /** Name of the set or map. */
  holder: string;
  key: Field[];
  data?: Field[];
}

const protocolNumbers: Record<string, number> = { tcp: 6, udp: 17, sctp: 132 };

/** Set when a network is made. */
export function networkElements(network: BridgeNetwork): Element[] {
  const { device } = network.bridge;
  const isInternal = network.internal;
  const link: Field = ['ifname', device];
  const inet = (holder: string, key: Field[]): Element => ({ family: 'inet', holder, key });
  return [
    inet('bridges', [link]),
    ...(isolatesMembers(network) ? [] : [inet('same', [link, link])]),
    ...(isInternal ? [inet('internals', [link])] : []),
    ...trustedLinksOf(network).map((each) => inet('trusted', [['ifname', each], link])),
    ...network.blocks.flatMap(({ subnet }) => {
      const family = familyOf(subnet);
      const mode: GatewayMode = modeOf(network, family);
      const open = mode === 'nat-unprotected' ? [inet(`open_links${family}`, [link])] : [];
      if (isInternal || mode === 'routed' || !masquerades(network)) return open;
      const source: Field[] = [['subnet', formatCidr(parseCidr(subnet))]];
      const host = hostAddressOf(network, family);
      const named =
        host === undefined ? [] : [{ ...inet(`hosts${family}`, source), data: addressData(host) }];
      return [...open, inet(`subnets${family}`, source), ...named];
    }),
    ...(resolvesNames(network) ? gatewaysOf(network) : []).flatMap((address) => [
      inet(`names${familyOf(address)}`, [['address', address]]),
      inet(`asked${familyOf(address)}`, [link, ['address', address]]),
    ]),
    ...gatewayElements(network),
  ];
}

const addressData = (address: string): Field[] => [['address', canonicalAddress(address)]];

/** Nobody may speak as the gateway. */
function gatewayElements(network: BridgeNetwork): Element[] {
  const [first] = gatewaysOf(network);
  const mac = network.bridge.foreignMac ?? (first === undefined ? undefined : macOf(first));
  const gateways = network.blocks.flatMap(({ gateway }) => gateway ?? []);
  return [
    ...(mac === undefined ? [] : [guard('taken_mac', [['ether', mac]])]),
    ...gateways.flatMap(takenElements),
  ];
}

/** Set while questions to a network's name server go elsewhere. */
export const steeredElements = ({ gateways, way }: Steered): Element[] =>
  gateways.map((address) => ({
    family: 'inet',
    holder: `${way === 'aside' ? way : `turns${way}_`}${familyOf(address)}`,
    key: [['address', address]],
  }));

const guard = (holder: string, key: Field[]): Element => ({ family: 'bridge', holder, key });

function takenElements(address: string): Element[] {
  if (familyOf(address) === 4) return [guard('taken4', [['address', address]])];
  return [guard('taken6', [['address', address]]), guard('taken_target', [['raw', address]])];
}

/** Set when a container joins a bridge network: what it may say of itself. */
export function endpointElements(endpoint: Endpoint): Element[] {
  if (endpoint.hostLink === '') return [];
  const link: Field = ['ifname', endpoint.hostLink];
  const ether: Field = ['ether', endpoint.mac];
  const own = addressesOf(endpoint).flatMap(({ address }) => {
    const rows = [guard(`own${familyOf(address)}`, [link, ether, ['address', address]])];
    if (familyOf(address) === 6) rows.push(guard('own_target', [link, ['raw', address]]));
    return [...rows, ...takenElements(address)];
  });
  return [
    guard('links', [link]),
    guard('own_mac', [link, ether]),
    guard('taken_mac', [['ether', endpoint.mac]]),
    ...own,
  ];
}

/** Set while a container is linked to another that it is kept from. */
export function openingElements({ openings, unlocked }: Openings): Element[] {
  const pairs = openings.flatMap(({ from, to, protocol, port }) => {
    const key: Field[] = [
      ['address', from],
      ['address', to],
      ['protocol', protocol],
      ['port', String(port)],
    ];
    const holder = `linked${familyOf(from)}`;
    return [{ family: 'inet' as const, holder, key }, guard(holder, key)];
  });
  return [...pairs, ...unlocked.map((link) => guard('unlocked', [['ifname', link]]))];
}

/** Set when a container publishes a port. */
export function portElements(port: PublishedPort): Element[] {
  const { protocol, containerAddress } = port;
  const target: Field = ['address', containerAddress];
  const inner: Field = ['port', String(port.containerPort)];
  const outer: Field[] = [
    ['protocol', protocol],
    ['port', String(port.hostPort)],
  ];
  const family = familyOf(containerAddress);
  if (port.path === 'relay') return [];
  if (port.path === 'routed') {
    return [{ family: 'inet', holder: `routed${family}`, key: [target, ['protocol', protocol], inner] }];
  }
  const data = [target, inner];
  const holder = port.direct === 'all' ? 'routed' : 'direct';
  const direct: Element[] =
    port.direct === undefined
      ? []
      : [{ family: 'inet', holder: `${holder}${family}`, key: [target, ['protocol', protocol], inner] }];
  return [...direct, hostElement(port, { family, outer, data })];
}

/** Where the world finds it. */
function hostElement(
  { hostAddress }: PublishedPort,
  { family, outer, data }: { family: Family; outer: Field[]; data: Field[] },
): Element {
  return hostAddress === '0.0.0.0' || hostAddress === '::'
    ? { family: 'inet', holder: `published${family}`, key: outer, data }
    : {
        family: 'inet',
        holder: `published${family}_at`,
        key: [['address', canonicalAddress(hostAddress)], ...outer],
        data,
      };
}

/** As nft reads it. */
export function elementText({ key, data }: Element): string {
  const text = (fields: Field[]): string => fields.map(fieldText).join(' . ');
  return data === undefined ? text(key) : `${text(key)} : ${text(data)}`;
}

function fieldText([kind, value]: Field): string {
  if (kind === 'ifname') return `"${value}"`;
  if (kind === 'raw') return `0x${addressBytes(value).toString('hex')}`;
  return value;
}

/** As the kernel takes it. */
export function elementChange(verb: 'add' | 'delete', table: string, element: Element): ElementChange {
  const bytes = (fields: Field[]): Buffer =>
    Buffer.concat(fields.map((field) => fieldBytes(field, fields.length > 1)));
  const { family, holder, key, data } = element;
  return {
    verb,
    family,
    table,
    holder,
    key: bytes(key),
    ...endOf(key),
    ...(data === undefined ? {} : { data: bytes(data) }),
  };
}

function endOf([first]: Field[]): { end?: Buffer } {
  if (first?.[0] !== 'subnet') return {};
  const { last, family } = parseCidr(first[1]);
  return { end: addressBytes(addressText(last + 1n, family)) };
}

// Each field of a concatenation begins at a multiple of four bytes.
function fieldBytes([kind, value]: Field, isPadded: boolean): Buffer {
  const bytes = plainBytes(kind, value);
  if (!isPadded) return bytes;
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

function plainBytes(kind: FieldKind, value: string): Buffer {
  if (kind === 'ether') return macBytes(value);
  if (kind === 'protocol') return Buffer.from([protocolNumbers[value] ?? 0]);
  if (kind === 'ifname') return Buffer.concat([Buffer.from(value), Buffer.alloc(16 - value.length)]);
  if (kind === 'port') return Buffer.from([Number(value) >> 8, Number(value) & 255]);
  return addressBytes(kind === 'subnet' ? (value.split('/')[0] ?? '') : value);
}
