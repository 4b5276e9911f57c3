// The types of a service in TypeScript. Generated from the schema by scripts/docs/compose-types.ts: change that.
import type { Build, Deploy, Develop } from './part-types.ts';

export type Service = {
  annotations?: { [name: string]: string | number | boolean | null } | readonly string[];
  attach?: boolean | string;
  blkio_config?: {
    device_read_bps?: readonly {
      path?: string;
      rate?: number | string;
      [extension: `x-${string}`]: unknown;
    }[];
    device_read_iops?: readonly {
      path?: string;
      rate?: number | string;
      [extension: `x-${string}`]: unknown;
    }[];
    device_write_bps?: readonly {
      path?: string;
      rate?: number | string;
      [extension: `x-${string}`]: unknown;
    }[];
    device_write_iops?: readonly {
      path?: string;
      rate?: number | string;
      [extension: `x-${string}`]: unknown;
    }[];
    weight?: number | string;
    weight_device?: readonly {
      path?: string;
      weight?: number | string;
      [extension: `x-${string}`]: unknown;
    }[];
    [extension: `x-${string}`]: unknown;
  };
  build?: Build;
  cap_add?: readonly string[];
  cap_drop?: readonly string[];
  cgroup?: 'host' | 'private';
  cgroup_parent?: string;
  command?: string | readonly string[] | null;
  configs?: readonly (
    | string
    | {
        source?: string;
        target?: string;
        uid?: string;
        gid?: string;
        mode?: number | string;
        [extension: `x-${string}`]: unknown;
      }
  )[];
  container_name?: string;
  cpu_count?: number | string;
  cpu_percent?: number | string;
  cpu_period?: number | string;
  cpu_quota?: number | string;
  cpu_rt_period?: number | string;
  cpu_rt_runtime?: number | string;
  cpu_shares?: number | string;
  cpus?: number | string;
  cpuset?: string;
  credential_spec?: {
    config?: string;
    file?: string;
    registry?: string;
    [extension: `x-${string}`]: unknown;
  };
  depends_on?:
    | readonly string[]
    | {
        [name: string]: {
          condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
          required?: boolean | string;
          restart?: boolean | string;
          [extension: `x-${string}`]: unknown;
        };
      };
  deploy?: Deploy;
  develop?: Develop;
  device_cgroup_rules?: readonly string[];
  devices?: readonly (
    | string
    | { source: string; target?: string; permissions?: string; [extension: `x-${string}`]: unknown }
  )[];
  dns?: string | readonly string[];
  dns_opt?: readonly string[];
  dns_search?: string | readonly string[];
  domainname?: string;
  entrypoint?: string | readonly string[] | null;
  env_file?:
    | string
    | readonly (
        | string
        | { path: string; format?: string; required?: boolean | string; [extension: `x-${string}`]: unknown }
      )[];
  environment?: { [name: string]: string | number | boolean | null } | readonly string[];
  expose?: readonly (number | string)[];
  extends?: string | { service: string; file?: string; [extension: `x-${string}`]: unknown };
  external_links?: readonly string[];
  extra_hosts?: { [name: string]: string | readonly string[] } | readonly string[];
  gpus?:
    | 'all'
    | readonly {
        capabilities?: readonly string[];
        count?: number | string;
        device_ids?: readonly string[];
        driver?: string;
        options?: { [name: string]: string | number | boolean | null } | readonly string[];
        [extension: `x-${string}`]: unknown;
      }[];
  group_add?: readonly (number | string)[];
  healthcheck?: {
    disable?: boolean | string;
    interval?: string;
    retries?: number | string;
    test?: string | readonly string[];
    timeout?: string;
    start_period?: string;
    start_interval?: string;
    [extension: `x-${string}`]: unknown;
  };
  hostname?: string;
  image?: string;
  init?: boolean | string;
  ipc?: string;
  isolation?: string;
  label_file?: string | readonly string[];
  labels?: { [name: string]: string | number | boolean | null } | readonly string[];
  links?: readonly string[];
  logging?: {
    driver?: string;
    options?: { [name: string]: string | number | boolean | null };
    [extension: `x-${string}`]: unknown;
  };
  mac_address?: string;
  mem_limit?: number | string;
  mem_reservation?: number | string;
  mem_swappiness?: number | string;
  memswap_limit?: number | string;
  models?:
    | readonly string[]
    | {
        [name: string]: {
          endpoint_var?: string;
          model_var?: string;
          [extension: `x-${string}`]: unknown;
        } | null;
      };
  network_mode?: string;
  networks?:
    | readonly string[]
    | {
        [name: string]: {
          aliases?: readonly string[];
          interface_name?: string;
          ipv4_address?: string;
          ipv6_address?: string;
          link_local_ips?: readonly string[];
          mac_address?: string;
          driver_opts?: { [name: string]: string | number | boolean | null };
          priority?: number | string;
          gw_priority?: number | string;
          [extension: `x-${string}`]: unknown;
        } | null;
      };
  oom_kill_disable?: boolean | string;
  oom_score_adj?: number | string;
  pid?: string | null;
  pids_limit?: number | string;
  platform?: string;
  ports?: readonly (
    | number
    | string
    | {
        name?: string;
        mode?: string;
        host_ip?: string;
        target?: number | string;
        published?: number | string;
        protocol?: string;
        app_protocol?: string;
        [extension: `x-${string}`]: unknown;
      }
  )[];
  post_start?: readonly {
    command: string | readonly string[] | null;
    user?: string;
    privileged?: boolean | string;
    working_dir?: string;
    environment?: { [name: string]: string | number | boolean | null } | readonly string[];
    image?: string;
    per_replica?: boolean | string;
    [extension: `x-${string}`]: unknown;
  }[];
  pre_start?: readonly {
    command: string | readonly string[] | null;
    user?: string;
    privileged?: boolean | string;
    working_dir?: string;
    environment?: { [name: string]: string | number | boolean | null } | readonly string[];
    image?: string;
    per_replica?: boolean | string;
    [extension: `x-${string}`]: unknown;
  }[];
  pre_stop?: readonly {
    command: string | readonly string[] | null;
    user?: string;
    privileged?: boolean | string;
    working_dir?: string;
    environment?: { [name: string]: string | number | boolean | null } | readonly string[];
    image?: string;
    per_replica?: boolean | string;
    [extension: `x-${string}`]: unknown;
  }[];
  privileged?: boolean | string;
  profiles?: readonly string[];
  provider?: { type: string; options?: { [name: string]: unknown }; [extension: `x-${string}`]: unknown };
  pull_policy?: string;
  pull_refresh_after?: string;
  read_only?: boolean | string;
  restart?: string;
  runtime?: string;
  scale?: number | string;
  secrets?: readonly (
    | string
    | {
        source?: string;
        target?: string;
        uid?: string;
        gid?: string;
        mode?: number | string;
        [extension: `x-${string}`]: unknown;
      }
  )[];
  security_opt?: readonly string[];
  shm_size?: number | string;
  stdin_open?: boolean | string;
  stop_grace_period?: string;
  stop_signal?: string;
  storage_opt?: { [name: string]: string | number | boolean | null };
  sysctls?: { [name: string]: string | number | boolean | null } | readonly string[];
  tmpfs?: string | readonly string[];
  tty?: boolean | string;
  ulimits?: {
    [name: string]:
      | number
      | string
      | { soft: number | string; hard: number | string; [extension: `x-${string}`]: unknown };
  };
  use_api_socket?: boolean | string;
  user?: string | number;
  userns_mode?: string;
  uts?: string;
  volumes?: readonly (
    | string
    | {
        type: 'bind' | 'volume' | 'tmpfs' | 'cluster' | 'npipe' | 'image';
        source?: string;
        target?: string;
        read_only?: boolean | string;
        consistency?: string;
        bind?: {
          propagation?: string;
          create_host_path?: boolean | string;
          recursive?: 'enabled' | 'disabled' | 'writable' | 'readonly';
          selinux?: 'z' | 'Z';
          [extension: `x-${string}`]: unknown;
        };
        volume?: {
          labels?: { [name: string]: string | number | boolean | null } | readonly string[];
          nocopy?: boolean | string;
          subpath?: string;
          [extension: `x-${string}`]: unknown;
        };
        tmpfs?: { size?: number | string; mode?: number | string; [extension: `x-${string}`]: unknown };
        image?: { subpath?: string; [extension: `x-${string}`]: unknown };
        [extension: `x-${string}`]: unknown;
      }
  )[];
  volumes_from?: readonly string[];
  working_dir?: string;
  [extension: `x-${string}`]: unknown;
};
