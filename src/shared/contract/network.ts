// Networks and ports as the Docker Engine API (v1.51) speaks of them.

export interface PortBinding {
  HostIp?: string;
  /** A port, a range `8000-8010`, or empty for any free one. */
  HostPort?: string;
}

/** `80/tcp` → where it is published; null where it is exposed only. */
export type PortMap = Record<string, PortBinding[] | null>;

export interface PortSummary {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: 'tcp' | 'udp' | 'sctp';
}

export interface EndpointSettings {
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] } | null;
  Links?: string[] | null;
  MacAddress?: string;
  Aliases?: string[] | null;
  DriverOpts?: Record<string, string> | null;
  GwPriority?: number;
  NetworkID?: string;
  EndpointID?: string;
  Gateway?: string;
  IPAddress?: string;
  IPPrefixLen?: number;
  IPv6Gateway?: string;
  GlobalIPv6Address?: string;
  GlobalIPv6PrefixLen?: number;
  DNSNames?: string[] | null;
}

export interface IpamPool {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

export interface Ipam {
  Driver?: string;
  Options?: Record<string, string> | null;
  Config?: IpamPool[] | null;
}

/** Body of `POST /networks/create`. */
export interface NetworkCreateRequest {
  Name: string;
  CheckDuplicate?: boolean;
  Driver?: string;
  Scope?: string;
  Internal?: boolean;
  Attachable?: boolean;
  Ingress?: boolean;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network?: string } | null;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPAM?: Ipam | null;
  Options?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}

export interface NetworkContainer {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  IPv4Address: string;
  IPv6Address: string;
}

/** Answer of `GET /networks/{id}` and one row of `GET /networks`. */
export interface NetworkInspect {
  Name: string;
  Id: string;
  Created: string;
  Scope: string;
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: Ipam;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, NetworkContainer>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

/** One row of `GET /system/ports/{port}`, which is ours: who has a port of the host, or will have it when started. */
export interface PortUse {
  Protocol: 'tcp' | 'udp' | 'sctp';
  /** The host's address; empty where it is not known. */
  Address: string;
  /** A running container, one that asks for it but is stopped or left its networks, or a process of the host. */
  Kind: 'container' | 'stopped' | 'unconnected' | 'process';
  /** The container's or the program's name. */
  Name: string;
  /** The container's id, or the process's. */
  Id: string;
  /** `10.5.0.2:80` of a running container. */
  Target?: string;
  /** How connections get there. */
  Path?: 'nat' | 'relay' | 'routed';
}

/** One row of `GET /system/check`, which is ours: something that is not as it should be. */
export interface CheckFinding {
  /** `network back`, `firewall`, `kernel`. */
  Subject: string;
  Problem: string;
  /** What to do about it. */
  Hint: string;
  /** Whether something does not work; else it only may surprise. */
  Severe: boolean;
}
