// What is remembered of networks and of the containers on them.
import type { EndpointSettings } from '#shared/contract/network.ts';

export type Driver = 'bridge' | 'host' | 'null';

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
  /** Bridge networks only. */
  bridge?: BridgeRecord;
}

export interface BridgeRecord {
  /** The device's name on the host. */
  device: string;
  subnet: string;
  gateway: string;
  /** Addresses are given from here only; default the whole subnet. */
  range?: string;
  /** Addresses that are never given. */
  auxiliary: Record<string, string>;
  /** Whether the user named the subnet; the others are shown in inspect alike. */
  mtu?: number;
}

/** One container's place on one network, from attach to detach. */
export interface Endpoint {
  id: string;
  networkId: string;
  networkName: string;
  /** `eth0`, `eth1`, … inside. */
  link: string;
  /** Name of the pair's other end on the host. */
  hostLink: string;
  address: string;
  prefixLength: number;
  mac: string;
  /** Whether the container's default route goes this way. */
  isDefaultRoute: boolean;
  /** As asked for. */
  settings: EndpointSettings;
}

export interface PublishedPort {
  protocol: 'tcp' | 'udp';
  /** `0.0.0.0` is every address of the host. */
  hostAddress: string;
  hostPort: number;
  /** `80/tcp`, as the container's configuration has it. */
  key: string;
  containerPort: number;
  /** Where connections are sent. */
  containerAddress: string;
}

/** A running container's network: a namespace, its endpoints and ports. */
export interface Sandbox {
  containerId: string;
  name: string;
  shortId: string;
  hostname: string;
  /** Path of the namespace; `/proc/1/ns/net` on the host's network. */
  netnsPath: string;
  mode: string;
  endpoints: Endpoint[];
  ports: PublishedPort[];
  /** Name servers that the user named; the network's own server asks them. */
  dns: string[];
}

/** What `bridge` means in a container's network mode. */
export const defaultNetworkName = 'bridge';

/** Whether names are resolved on it: on bridge networks that a user made. */
export function resolvesNames(network: NetworkRecord): boolean {
  return network.driver === 'bridge' && network.name !== defaultNetworkName;
}
