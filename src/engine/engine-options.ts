// What an engine is opened with.
import type { ProxyOptions } from '#registry/agents.ts';

export interface DiskBudget {
  /** For steps of builds; undefined: no bound. */
  cacheBytes?: number | undefined;
  /** For images without a container; undefined: no bound. */
  unusedImageBytes?: number | undefined;
}

/** What networks have where nobody says otherwise. */
export interface NetworkDefaults {
  /** The part of the default network's subnet that its containers get addresses of; without `bip` its subnet, too. */
  fixedCidr?: string | undefined;
  /** Whether the default network has IPv6; default false. */
  ipv6?: boolean;
  /** Its bridge's address and subnet of IPv6, `fd00:1::1/64`; default one that is free. */
  bip6?: string | undefined;
  /** As `fixedCidr`, of IPv6. */
  fixedCidr6?: string | undefined;
  /** Routers in the default network's subnets that lead out in place of the bridge. */
  gateway?: string | undefined;
  gateway6?: string | undefined;
  /** What `host-gateway` means; default the default network's bridge. */
  hostGateways?: readonly string[];
  /** Whether the host is told to forward; default true. */
  forward?: boolean;
  /** Whether published ports are reached at containers' own addresses too, by whoever knows the way; default false. */
  directRouting?: boolean;
  /** Of the default network; default 1500. */
  mtu?: number | undefined;
  /** Whether containers of the default network may speak to each other; default true. */
  icc?: boolean;
  /** Whether what leaves the default network gets the host's address; default true. */
  masquerade?: boolean;
  /** For containers that name none; default the host's. */
  dns?: readonly string[];
  dnsSearch?: readonly string[];
  dnsOptions?: readonly string[];
  /** By driver: options of networks that are made without them. */
  networkOptions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface EngineOptions {
  /** Folder of what must outlive a reboot; made where it is not. One engine at a time. */
  root: string;
  /** Folder of what must not. */
  run: string;
  /** The default network's bridge device; default `wharf0`. Engines side by side need different ones. */
  bridge?: string;
  /** The bridge's address and subnet, `172.17.0.1/16`; default: one that is free. */
  bip?: string;
  /** The host's address that ports are published on that name none; default every address. */
  publishAddress?: string;
  /** Subnets for networks that name none; default Docker's, then many small ones. */
  addressPools?: readonly { base: string; size: number }[];
  networkDefaults?: NetworkDefaults;
  /** Asked before the registry itself, in order: `URL` for docker.io's images, `REGISTRY=URL` for another's. */
  registryMirrors?: readonly string[];
  /** `host:port` or address blocks where plain http will do, and TLS is not verified. */
  insecureRegistries?: readonly string[];
  /** Folders of registries' certificates, `HOST:PORT/*.crt|cert|key`; default `/etc/wharf/certs.d` and Docker's. */
  certsDirs?: readonly string[];
  /** On the way to registries; default the environment's. */
  proxies?: ProxyOptions;
  /** Layers of a pull at a time; default 3. */
  maxConcurrentDownloads?: number;
  /** Layers of a push at a time; default 5. */
  maxConcurrentUploads?: number;
  /** Room for the build cache, and for images without a container; no bound unless told. */
  budget?: DiskBudget;
  /** How long what our command line removes can come back; default 7 days, 0: not at all. */
  trashKeepMs?: number;
  /** A container's log file is rotated past this; default 20 MB. */
  logMaxSizeBytes?: number;
  /** Log files kept per container; default 5. */
  logMaxFiles?: number;
  /** OCI runtime; default crun. */
  runtimePath?: string;
  conmonPath?: string;
  aardvarkPath?: string;
  /** Told of what goes wrong where nobody waits for an answer. Default: standard error. */
  warn?: (message: string) => void;
}
