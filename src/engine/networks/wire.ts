// An endpoint: its addresses, and its link in the container's namespace.
import { attachVeth, setDefaultRoutes } from '#kernel/links.ts';
import { ensureNeighbourTables } from '#kernel/neighbour-table.ts';
import { attachToParent, type ParentKind } from '#kernel/parent-links.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';
import { conflict, isKind } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { bridgeAddressesOf } from './addresses/bridge-addresses.ts';
import { canonicalAddress, contains, type Family, familyOf, parseCidr } from './addresses/cidr.ts';
import { macOf, takeAddress } from './addresses/ipam.ts';
import { asksItself, isLocked, noteBridgeFilter, repairDevice } from './bridge.ts';
import { namesOf } from './names/lines.ts';
import { addressesOf, type Endpoint, type EndpointAddress, type Sandbox } from './record.ts';
import type { NetworkRoom } from './room.ts';
import {
  type BridgeNetwork,
  isBridge,
  isJoinable,
  type JoinableNetwork,
  type ParentNetwork,
} from './store.ts';

export interface EndpointChoice {
  network: JoinableNetwork;
  settings: EndpointSettings;
  /** `eth0`, … */
  link: string;
}

/** An endpoint with addresses of the network's pools, which are the caller's to release. Nothing is made yet. */
export function planEndpoint(room: NetworkRoom, choice: EndpointChoice): Endpoint {
  const { network, settings } = choice;
  const id = newId();
  const addresses = takeAddresses(room, network, settings);
  const mac = settings.MacAddress?.replaceAll('-', ':').toLowerCase();
  try {
    if (mac) assertFreeMac(room, network, mac);
  } catch (thrown) {
    for (const { address } of Object.values(addresses))
      for (const pool of room.pools(network)) pool.release(address);
    throw thrown;
  }
  const seed = (addresses.ipv4 ?? addresses.ipv6)?.address ?? '0.0.0.0';
  return {
    id,
    networkId: network.id,
    networkName: network.name,
    link: choice.link,
    hostLink: isBridge(network) ? `wv${id.slice(0, 12)}` : '',
    ...addresses,
    mac: mac || macOf(seed),
    isDefault4: false,
    isDefault6: false,
    settings,
  };
}

type Addresses = { ipv4?: EndpointAddress; ipv6?: EndpointAddress };

function takeAddresses(room: NetworkRoom, network: JoinableNetwork, settings: EndpointSettings): Addresses {
  const pools = room.pools(network);
  const has = (family: Family): boolean => network.blocks.some(({ subnet }) => familyOf(subnet) === family);
  const wanted = settings.IPAMConfig ?? {};
  for (const address of [wanted.IPv4Address, wanted.IPv6Address])
    if (address) assertFreeAddress(room, network, canonicalAddress(address));
  const ipv4 =
    has(4) || wanted.IPv4Address ? takeAddress(pools, 4, wanted.IPv4Address || undefined) : undefined;
  try {
    const ipv6 =
      has(6) || wanted.IPv6Address ? takeAddress(pools, 6, wanted.IPv6Address || undefined) : undefined;
    return { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
  } catch (thrown) {
    if (ipv4 !== undefined) for (const pool of pools) pool.release(ipv4.address);
    throw thrown;
  }
}

function assertFreeAddress(room: NetworkRoom, network: JoinableNetwork, wanted: string): void {
  const other = room.store
    .members(network.id)
    .find(({ endpoint }) => addressesOf(endpoint).some(({ address }) => address === wanted));
  if (other === undefined) return;
  throw conflict('Address already in use', { hint: `Container ${other.sandbox.name} has ${wanted}.` });
}

function assertFreeMac(room: NetworkRoom, network: JoinableNetwork, mac: string): void {
  const other = room.store.members(network.id).find(({ endpoint }) => endpoint.mac === mac);
  if (other === undefined) return;
  throw conflict(`MAC address ${mac} is in use on network ${network.name}`, {
    hint: `Container ${other.sandbox.name} has it.`,
  });
}

/**
 * Says by which endpoint each family's default route goes: of those that are not internal, the one with the highest
 * priority, and among equals the first.
 */
export function chooseDefaults(room: NetworkRoom, endpoints: Endpoint[]): Endpoint[] {
  const front = (family: 'ipv4' | 'ipv6'): Endpoint | undefined => {
    const outward = endpoints.filter(
      (each) => each[family] !== undefined && room.store.byId(each.networkId)?.internal === false,
    );
    return outward.sort((one, other) => priorityOf(other) - priorityOf(one))[0];
  };
  const [front4, front6] = [front('ipv4'), front('ipv6')];
  return endpoints.map((each) => ({
    ...each,
    isDefault4: each === front4,
    isDefault6: each === front6,
  }));
}

const priorityOf = ({ settings }: Endpoint): number => settings.GwPriority ?? 0;

/** Afterwards the container's namespace has the endpoint's link, configured. */
export function wireEndpoint(room: NetworkRoom, sandbox: Sandbox, endpoint: Endpoint): void {
  const network = room.store.resolve(endpoint.networkId);
  if (!isJoinable(network)) return;
  const reason = room.blocked.get(network.id);
  if (reason !== undefined) throw conflict(reason, { hint: 'See: wharf system check' });
  if (isBridge(network)) noteBridgeFilter(room, network);
  ensureNeighbourTables(room.store.endpointCount);
  const wire = isBridge(network)
    ? () => wireBridge(network, sandbox, { endpoint, isolated: isLocked(room, network, endpoint) })
    : () => wireParent(network, sandbox, endpoint);
  try {
    wire();
  } catch (thrown) {
    // Someone deleted or changed the device.
    if (!isKind(thrown, 'conflict') && !isKind(thrown, 'not-found')) throw thrown;
    repairDevice(room, network);
    wire();
  }
}

function insideOf(network: JoinableNetwork, endpoint: Endpoint) {
  const local = endpoint.settings.IPAMConfig?.LinkLocalIPs ?? [];
  const addresses = addressesOf(endpoint);
  return {
    addresses: [
      ...addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
      ...local.map((address) => `${address}/${familyOf(address) === 4 ? 16 : 64}`),
    ],
    gateways: defaultGateways(endpoint),
    onLink: [...otherSubnets(network, addresses), ...gatewayless(network, endpoint)],
  };
}

// A network's other subnets of a family are on the same wire.
const otherSubnets = (network: JoinableNetwork, own: EndpointAddress[]): string[] =>
  network.blocks
    .filter(({ subnet }) => !own.some(({ address }) => contains(parseCidr(subnet), address)))
    .map(({ subnet }) => subnet)
    .filter((subnet) => own.some(({ address }) => familyOf(address) === familyOf(subnet)));

// Without a gateway (ipvlan l3) everything is the parent's to find.
const gatewayless = (network: JoinableNetwork, { isDefault4, isDefault6, ipv4, ipv6 }: Endpoint): string[] =>
  isBridge(network)
    ? []
    : [
        ...(isDefault4 && ipv4?.gateway === undefined ? ['0.0.0.0/0'] : []),
        ...(isDefault6 && ipv6?.gateway === undefined ? ['::/0'] : []),
      ];

const defaultGateways = ({ isDefault4, isDefault6, ipv4, ipv6 }: Endpoint): string[] => [
  ...(isDefault4 && ipv4?.gateway !== undefined ? [ipv4.gateway] : []),
  ...(isDefault6 && ipv6?.gateway !== undefined ? [ipv6.gateway] : []),
];

function wireBridge(
  network: BridgeNetwork,
  sandbox: Sandbox,
  { endpoint, isolated }: { endpoint: Endpoint; isolated: boolean },
): void {
  const { device, mtu } = network.bridge;
  attachVeth({
    netns: sandbox.netnsPath,
    bridge: device,
    bridgeAddresses: bridgeAddressesOf(network),
    hostName: endpoint.hostLink,
    name: endpoint.link,
    mac: endpoint.mac,
    ...insideOf(network, endpoint),
    hairpin: asksItself(sandbox, endpoint),
    isolated,
    ...(mtu === undefined ? {} : { mtu }),
  });
}

function wireParent(network: ParentNetwork, sandbox: Sandbox, endpoint: Endpoint): void {
  const { device, mtu } = network.parent;
  const { mac } = attachToParent({
    netns: sandbox.netnsPath,
    parent: device,
    type: kindOf(network),
    name: endpoint.link,
    ...(network.driver === 'macvlan' ? { mac: endpoint.mac } : {}),
    ...insideOf(network, endpoint),
    ...(mtu === undefined ? {} : { mtu }),
  });
  endpoint.mac = mac;
}

// The words were checked when the network was made.
function kindOf({ driver, options }: ParentNetwork): ParentKind {
  if (driver === 'macvlan') {
    return { kind: 'macvlan', mode: (options['macvlan_mode'] || 'bridge') as 'bridge' };
  }
  return {
    kind: 'ipvlan',
    mode: (options['ipvlan_mode'] || 'l2') as 'l2',
    flag: (options['ipvlan_flag'] || 'bridge') as 'bridge',
  };
}

/** Afterwards the default routes go by the endpoints that are said to have them. */
export function reroute(sandbox: Sandbox): void {
  for (const endpoint of sandbox.endpoints) {
    const gateways = defaultGateways(endpoint);
    if (gateways.length > 0) setDefaultRoutes({ netns: sandbox.netnsPath, name: endpoint.link, gateways });
  }
}

/** An endpoint as inspect shows it. */
export function settingsOf(room: NetworkRoom, sandbox: Sandbox, endpoint: Endpoint): EndpointSettings {
  const network = room.store.byId(endpoint.networkId);
  const { ipv4, ipv6, settings } = endpoint;
  const gatewayOf = (each: EndpointAddress | undefined): string =>
    network?.internal === true ? '' : (each?.gateway ?? '');
  return {
    IPAMConfig: settings.IPAMConfig ?? null,
    Links: settings.Links ?? null,
    Aliases: settings.Aliases ?? null,
    DriverOpts: settings.DriverOpts ?? null,
    GwPriority: settings.GwPriority ?? 0,
    NetworkID: endpoint.networkId,
    EndpointID: endpoint.id,
    Gateway: gatewayOf(ipv4),
    IPAddress: ipv4?.address ?? '',
    IPPrefixLen: ipv4?.prefixLength ?? 0,
    MacAddress: endpoint.mac,
    IPv6Gateway: gatewayOf(ipv6),
    GlobalIPv6Address: ipv6?.address ?? '',
    GlobalIPv6PrefixLen: ipv6?.prefixLength ?? 0,
    DNSNames: network?.name === 'bridge' ? null : namesOf(sandbox, endpoint),
  };
}
