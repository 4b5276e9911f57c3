// What is remembered of networks and of the containers on them.
import type { EndpointSettings, PortMap } from '#shared/contract/network.ts';
import type { PortProtocol } from '#shared/notation/port.ts';
import type { Shape } from '#storage/state/shape.ts';

export type Driver = 'bridge' | 'host' | 'null' | 'macvlan' | 'ipvlan';

export interface NetworkRecord {
  id: string;
  name: string;
  driver: Driver;
  /** RFC 3339 with nanoseconds. */
  created: string;
  internal: boolean;
  attachable: boolean;
  labels: Record<string, string>;
  options: Record<string, string>;
  ipamOptions: Record<string, string>;
  /** The subnets, in the order asked for. */
  blocks: AddressBlock[];
  /** Subnets that were asked for of a family that is off: told, and nothing else. */
  idle?: AddressBlock[];
  /** Bridge networks only. */
  bridge?: BridgeRecord;
  /** macvlan and ipvlan networks only. */
  parent?: ParentRecord;
  /** Settings for other networks, none of its own. */
  configOnly?: boolean;
  /** The families that those networks have. */
  families?: (4 | 6)[];
  /** Name of the network whose settings it has. */
  configFrom?: string;
}

export interface AddressBlock {
  subnet: string;
  /** None on networks that route without one (ipvlan l3). */
  gateway?: string;
  /** Addresses are given from here only; default the whole subnet. */
  range?: string;
  /** Addresses that are never given, by name. */
  auxiliary: Record<string, string>;
  /** The host has no address in it: its gateway, if it has one, is somebody else. */
  isBare?: boolean;
}

export interface BridgeRecord {
  /** The device's name on the host. */
  device: string;
  mtu?: number;
  /** The hardware address of a bridge that was there before, and is not the engine's to take away. */
  foreignMac?: string;
}

export interface ParentRecord {
  /** The host's link that containers' links stand on. */
  device: string;
  /** Whether the engine made that link, and takes it away again. */
  isOurs: boolean;
  mtu?: number;
}

export interface EndpointAddress {
  address: string;
  prefixLength: number;
  gateway?: string;
}

/** One container's place on one network, from attach to detach. */
export interface Endpoint {
  id: string;
  networkId: string;
  networkName: string;
  /** `eth0`, `eth1`, … inside. */
  link: string;
  /** Name of the pair's other end on the host; empty where there is none. */
  hostLink: string;
  ipv4?: EndpointAddress;
  ipv6?: EndpointAddress;
  mac: string;
  /** Whether the container's default route of the family goes this way. */
  isDefault4: boolean;
  isDefault6: boolean;
  /** As asked for. */
  settings: EndpointSettings;
}

/**
 * How connections come to the container: translated by the kernel, copied by the engine (between IPv6 and IPv4),
 * or straight to its own address, which the firewall lets through (routed networks).
 */
export type PortPath = 'nat' | 'relay' | 'routed';

export interface PublishedPort {
  protocol: PortProtocol;
  /** `0.0.0.0` and `::` are every address of the host. */
  hostAddress: string;
  hostPort: number;
  /** `80/tcp`, as the container's configuration has it. */
  key: string;
  containerPort: number;
  /** Where connections are sent. */
  containerAddress: string;
  path: PortPath;
  /** Whether translated ports are reached at the container's own address too: by all, or by links that are trusted. */
  direct?: 'all' | 'trusted';
}

/** A running container's network: a namespace, its endpoints and ports. */
export interface Sandbox {
  containerId: string;
  name: string;
  shortId: string;
  hostname: string;
  /** Path of the namespace; `/proc/1/ns/net` on the host's network. */
  netnsPath: string;
  /** The network that it began on: `host`, `none`, or a name or id of another; empty where it has left `none`. */
  mode: string;
  endpoints: Endpoint[];
  ports: PublishedPort[];
  /** Name servers that the user named; the network's own server asks them. */
  dns: string[];
  /** What it asked to publish; where no network of it can, that is done once one joins that does. */
  wish?: PublishWish;
  /** Its /etc/hosts, on the host; lines about neighbours in it are the networks'. */
  hostsPath?: string;
  /** Neighbours that it has names of its own for. */
  links?: LinkedName[];
  /** Whether others have joined its namespace, which may then outlive it. */
  isShared?: boolean;
}

export interface LinkedName {
  /** A container's name, or its full id: whoever has it now. */
  target: string;
  alias: string;
}

export interface PublishWish {
  /** Keys such as `80/tcp`. */
  exposedPorts: string[];
  portBindings: PortMap;
  /** Whether exposed ports without a binding get a host port too. */
  publishAll: boolean;
}

export const networkShape: Shape = {
  id: 'text',
  name: 'text',
  driver: 'text',
  created: 'text',
  labels: 'map',
  options: 'map',
  ipamOptions: 'map',
  blocks: [{ subnet: 'text', auxiliary: 'map' }],
};

export const sandboxShape: Shape = {
  containerId: 'text',
  name: 'text',
  shortId: 'text',
  netnsPath: 'text',
  mode: 'text',
  endpoints: [{ id: 'text', networkId: 'text', link: 'text', mac: 'text', settings: 'map' }],
  ports: [
    { protocol: 'text', hostAddress: 'text', hostPort: 'number', containerAddress: 'text', path: 'text' },
  ],
  dns: 'list',
};

/** What `bridge` means in a container's network mode. */
export const defaultNetworkName = 'bridge';

/** Whether a user made it: containers have names, and addresses of their choice, on such networks only. */
export const isMade = (network: NetworkRecord): boolean => network.name !== defaultNetworkName;

/** Whether a server answers for names on it: on bridge networks that a user made, where the host has an address. */
export const resolvesNames = (network: NetworkRecord): boolean =>
  network.driver === 'bridge' && isMade(network) && gatewaysOf(network).length > 0;

/** Whether the names on it are lines of hosts files: no server could be asked. */
export const hasNoServer = (network: NetworkRecord): boolean =>
  network.parent !== undefined ||
  (network.bridge !== undefined && isMade(network) && !resolvesNames(network));

/** The addresses of an endpoint, IPv4 first. */
export const addressesOf = ({ ipv4, ipv6 }: Endpoint): EndpointAddress[] =>
  [ipv4, ipv6].filter((each) => each !== undefined);

/** Where the network's own name server listens: the first address of the host of each family in which it has one. */
export function gatewaysOf(network: NetworkRecord): string[] {
  const gateways = network.blocks.flatMap(({ gateway, isBare }) => (isBare ? [] : (gateway ?? [])));
  const first = (isIpv6: boolean): string[] =>
    gateways.filter((each) => each.includes(':') === isIpv6).slice(0, 1);
  return [...first(false), ...first(true)];
}
