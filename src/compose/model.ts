// A project in its normalised form: the data that `config` prints, which planner and executor work from.
import type { Json, JsonMap } from '#compose/json.ts';
import type { Path, Place } from '#compose/load/place.ts';

export interface Dependency {
  condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  /** Restart the dependent service after this one was restarted by the user. */
  restart?: boolean;
  required: boolean;
}

export interface PublishedPort {
  name?: string;
  mode: string;
  host_ip?: string;
  target: number;
  /** A port or a range, `8000-8010`. */
  published?: string;
  protocol: string;
  app_protocol?: string;
}

export interface ServiceVolume {
  type: 'bind' | 'volume' | 'tmpfs' | 'image' | 'npipe' | 'cluster';
  source?: string;
  target: string;
  read_only?: boolean;
  consistency?: string;
  bind?: { selinux?: string; propagation?: string; create_host_path?: boolean; recursive?: string };
  volume?: { labels?: Record<string, string>; nocopy?: boolean; subpath?: string };
  /** Bytes as text. */
  tmpfs?: { size?: string; mode?: number };
  image?: { subpath?: string };
}

export interface FileGrant {
  source: string;
  target?: string;
  uid?: string;
  gid?: string;
  /** Octal. */
  mode?: string;
}

export interface Hook {
  command: string[];
  user?: string;
  privileged?: boolean;
  working_dir?: string;
  environment?: Record<string, string | null>;
  /** Of `pre_start` only: what its container is made of instead of the service's image. */
  image?: string;
  /** Of `pre_start` only: once for each container of the service, not once for all. */
  per_replica?: boolean;
}

export interface Build {
  context: string;
  dockerfile?: string;
  dockerfile_inline?: string;
  args?: Record<string, string | null>;
  additional_contexts?: Record<string, string>;
  cache_from?: string[];
  cache_to?: string[];
  extra_hosts?: string[];
  entitlements?: string[];
  labels?: Record<string, string>;
  network?: string;
  no_cache?: boolean;
  no_cache_filter?: string[];
  platforms?: string[];
  privileged?: boolean;
  /** `true`, `false`, or in the words of `--provenance`; `sbom` likewise. */
  provenance?: boolean | string;
  pull?: boolean;
  sbom?: boolean | string;
  secrets?: FileGrant[];
  shm_size?: string;
  ssh?: string[];
  tags?: string[];
  target?: string;
  ulimits?: Record<string, number | { soft: number; hard: number }>;
}

/** Durations are Go's text, bytes the text of their number. */
export interface HealthTest {
  test?: string[];
  interval?: string;
  timeout?: string;
  start_period?: string;
  start_interval?: string;
  retries?: number;
  disable?: boolean;
}

export interface DeviceRequest {
  driver?: string;
  /** -1 for all. */
  count?: number;
  device_ids?: string[];
  capabilities?: string[];
  options?: Record<string, string>;
}

export interface Limits {
  cpus?: number;
  memory?: string;
  pids?: number;
  devices?: DeviceRequest[];
}

export interface Deploy {
  mode?: string;
  replicas?: number;
  labels?: Record<string, string>;
  resources?: { limits?: Limits; reservations?: Limits };
  restart_policy?: { condition?: string; delay?: string; max_attempts?: number; window?: string };
  update_config?: {
    parallelism?: number;
    delay?: string;
    order?: string;
    failure_action?: string;
    monitor?: string;
  };
}

export interface ServiceNetwork {
  aliases?: string[];
  interface_name?: string;
  ipv4_address?: string;
  ipv6_address?: string;
  link_local_ips?: string[];
  mac_address?: string;
  driver_opts?: Record<string, string>;
  priority?: number;
  gw_priority?: number;
}

export interface WatchRule {
  path: string;
  action: 'rebuild' | 'sync' | 'restart' | 'sync+restart' | 'sync+exec';
  target?: string;
  ignore?: string[];
  include?: string[];
  initial_sync?: boolean;
  exec?: Hook;
}

/** The attributes that the rest of the room reads by name; the others are there all the same. */
export interface Service {
  [attribute: string]: unknown;
  image?: string;
  build?: Build;
  command?: string[] | null;
  entrypoint?: string[] | null;
  container_name?: string;
  depends_on?: Record<string, Dependency>;
  deploy?: Deploy;
  develop?: { watch?: WatchRule[] };
  environment?: Record<string, string | null>;
  expose?: string[];
  extra_hosts?: string[];
  healthcheck?: HealthTest;
  labels?: Record<string, string>;
  links?: string[];
  logging?: { driver?: string; options?: Record<string, string> };
  network_mode?: string;
  networks?: Record<string, ServiceNetwork | null>;
  ports?: PublishedPort[];
  post_start?: Hook[];
  pre_start?: Hook[];
  pre_stop?: Hook[];
  profiles?: string[];
  /** A program of the user's, in place of containers. */
  provider?: { type: string; options?: Record<string, unknown> };
  pull_policy?: string;
  restart?: string;
  scale?: number;
  secrets?: FileGrant[];
  configs?: FileGrant[];
  stop_grace_period?: string;
  stop_signal?: string;
  volumes?: ServiceVolume[];
  volumes_from?: string[];
}

export interface ProjectNetwork {
  name: string;
  driver?: string;
  driver_opts?: Record<string, string>;
  external?: boolean;
  internal?: boolean;
  attachable?: boolean;
  enable_ipv4?: boolean;
  enable_ipv6?: boolean;
  labels?: Record<string, string>;
  ipam?: {
    driver?: string;
    config?: {
      subnet?: string;
      ip_range?: string;
      gateway?: string;
      aux_addresses?: Record<string, string>;
    }[];
    options?: Record<string, string>;
  };
}

export interface ProjectVolume {
  name: string;
  driver?: string;
  driver_opts?: Record<string, string>;
  external?: boolean;
  labels?: Record<string, string>;
}

/** A secret or a config. */
export interface ProjectFile {
  name: string;
  file?: string;
  environment?: string;
  content?: string;
  external?: boolean;
  labels?: Record<string, string>;
}

export interface Project {
  name: string;
  services: Record<string, Service>;
  networks: Record<string, ProjectNetwork>;
  volumes: Record<string, ProjectVolume>;
  secrets: Record<string, ProjectFile>;
  configs: Record<string, ProjectFile>;
  models: JsonMap;
  /** `x-…` of the top level. */
  extensions: Record<string, Json>;
  /** Services whose profiles are not active. */
  disabled: Record<string, Service>;
  /** Absolute. */
  directory: string;
  /** Absolute paths, base first. */
  files: string[];
  /** What variables were filled from: the caller's environment over the env files. */
  environment: Record<string, string>;
  /** Sentences for the user, each once. */
  warnings: string[];
  /** Where the attribute stands that a message speaks of. */
  placeOf: (path: Path) => Place | undefined;
}
