// The types of parts of a service in TypeScript. Generated from the schema by scripts/docs/compose-types.ts: change that.

export type Build =
  | string
  | {
      additional_contexts?: { [name: string]: string | number | boolean | null } | readonly string[];
      args?: { [name: string]: string | number | boolean | null } | readonly string[];
      cache_from?: readonly string[];
      cache_to?: readonly string[];
      context?: string;
      dockerfile?: string;
      dockerfile_inline?: string;
      entitlements?: readonly string[];
      extra_hosts?: { [name: string]: string | readonly string[] } | readonly string[];
      isolation?: string;
      labels?: { [name: string]: string | number | boolean | null } | readonly string[];
      network?: string;
      no_cache?: boolean | string;
      no_cache_filter?: string | readonly string[];
      platforms?: readonly string[];
      privileged?: boolean | string;
      provenance?: boolean | string;
      pull?: boolean | string;
      sbom?: boolean | string;
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
      shm_size?: number | string;
      ssh?: string | { [name: string]: string | number | boolean | null } | readonly string[];
      tags?: readonly string[];
      target?: string;
      ulimits?: {
        [name: string]:
          | number
          | string
          | { soft: number | string; hard: number | string; [extension: `x-${string}`]: unknown };
      };
      [extension: `x-${string}`]: unknown;
    };

export type Develop = {
  watch?: readonly {
    path: string;
    action: 'rebuild' | 'sync' | 'restart' | 'sync+restart' | 'sync+exec';
    target?: string;
    ignore?: string | readonly string[];
    include?: string | readonly string[];
    initial_sync?: boolean | string;
    exec?: {
      command: string | readonly string[] | null;
      user?: string;
      privileged?: boolean | string;
      working_dir?: string;
      environment?: { [name: string]: string | number | boolean | null } | readonly string[];
      image?: string;
      per_replica?: boolean | string;
      [extension: `x-${string}`]: unknown;
    };
    [extension: `x-${string}`]: unknown;
  }[];
  [extension: `x-${string}`]: unknown;
} | null;

export type Deploy = {
  mode?: string;
  endpoint_mode?: string;
  replicas?: number | string;
  labels?: { [name: string]: string | number | boolean | null } | readonly string[];
  rollback_config?: {
    parallelism?: number | string;
    delay?: string;
    failure_action?: string;
    monitor?: string;
    max_failure_ratio?: number | string;
    order?: 'start-first' | 'stop-first';
    [extension: `x-${string}`]: unknown;
  };
  update_config?: {
    parallelism?: number | string;
    delay?: string;
    failure_action?: string;
    monitor?: string;
    max_failure_ratio?: number | string;
    order?: 'start-first' | 'stop-first';
    [extension: `x-${string}`]: unknown;
  };
  resources?: {
    limits?: {
      cpus?: number | string;
      memory?: string | number;
      pids?: number | string;
      [extension: `x-${string}`]: unknown;
    };
    reservations?: {
      cpus?: number | string;
      memory?: string | number;
      pids?: number | string;
      generic_resources?: readonly {
        discrete_resource_spec?: {
          kind?: string;
          value?: number | string;
          [extension: `x-${string}`]: unknown;
        };
        [extension: `x-${string}`]: unknown;
      }[];
      devices?: readonly {
        capabilities: readonly string[];
        count?: number | string;
        device_ids?: readonly string[];
        driver?: string;
        options?: { [name: string]: string | number | boolean | null } | readonly string[];
        [extension: `x-${string}`]: unknown;
      }[];
      [extension: `x-${string}`]: unknown;
    };
    [extension: `x-${string}`]: unknown;
  };
  restart_policy?: {
    condition?: string;
    delay?: string;
    max_attempts?: number | string;
    window?: string;
    [extension: `x-${string}`]: unknown;
  };
  placement?: {
    constraints?: readonly string[];
    preferences?: readonly { spread?: string; [extension: `x-${string}`]: unknown }[];
    max_replicas_per_node?: number | string;
    [extension: `x-${string}`]: unknown;
  };
  [extension: `x-${string}`]: unknown;
} | null;
