// What a container asks of the networks when it starts, and what it gets.
import type { EndpointSettings, PortMap } from '#shared/contract/network.ts';
import type { LinkedName, PublishWish } from './record.ts';

export interface AttachRequest extends PublishWish {
  containerId: string;
  name: string;
  shortId: string;
  hostname: string;
  domainname?: string;
  /** Where the container's network namespace is to be kept. */
  netnsPath: string;
  /** Its /etc/hosts, on the host. */
  hostsPath?: string;
  /** `default`, `bridge`, `host`, `none`, `container:<name or id>`, or a network's name or id. */
  networkMode: string;
  /** Networks by name or id; the one of the mode is among them or not. */
  endpoints: Record<string, EndpointSettings | null>;
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  /** `name:address` */
  extraHosts: string[];
  /** Names of its own for containers that it shares a network with, as long as these run. */
  links?: LinkedName[];
}

export interface HostNames {
  ip: string;
  names: string[];
}

export interface Attached {
  /** By network name, as inspect shows them. */
  networks: Record<string, EndpointSettings>;
  /** With the host ports that were chosen. */
  ports: PortMap;
  nameservers: string[];
  search: string[];
  options: string[];
  /** Lines for /etc/hosts. */
  hosts: HostNames[];
  /** Path of the network namespace. */
  sandboxKey: string;
}
