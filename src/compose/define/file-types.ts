// The types of a Compose file in TypeScript. Generated from the schema by scripts/docs/compose-types.ts: change that.
import type { Service } from './service-types.ts';

/** Short and long forms alike. */
export interface ComposeFile {
  version?: string | number;
  name?: string;
  include?:
    | readonly (
        | string
        | {
            path?: string | readonly string[];
            env_file?: string | readonly string[];
            project_directory?: string;
            [extension: `x-${string}`]: unknown;
          }
      )[]
    | null;
  services?: { [name: string]: Service } | null;
  models?: {
    [name: string]: {
      name?: string;
      model: string;
      context_size?: number | string;
      runtime_flags?: readonly string[];
      [extension: `x-${string}`]: unknown;
    };
  } | null;
  networks?: {
    [name: string]: {
      name?: string;
      driver?: string;
      driver_opts?: { [name: string]: string | number | boolean | null };
      ipam?: {
        driver?: string;
        config?: readonly {
          subnet?: string;
          ip_range?: string;
          gateway?: string;
          aux_addresses?: { [name: string]: string };
          [extension: `x-${string}`]: unknown;
        }[];
        options?: { [name: string]: string };
        [extension: `x-${string}`]: unknown;
      };
      external?: boolean | string | { name?: string; [extension: `x-${string}`]: unknown };
      internal?: boolean | string;
      enable_ipv4?: boolean | string;
      enable_ipv6?: boolean | string;
      attachable?: boolean | string;
      labels?: { [name: string]: string | number | boolean | null } | readonly string[];
      [extension: `x-${string}`]: unknown;
    } | null;
  } | null;
  volumes?: {
    [name: string]: {
      name?: string;
      driver?: string;
      driver_opts?: { [name: string]: string | number | boolean | null };
      external?: boolean | string | { name?: string; [extension: `x-${string}`]: unknown };
      labels?: { [name: string]: string | number | boolean | null } | readonly string[];
      [extension: `x-${string}`]: unknown;
    } | null;
  } | null;
  secrets?: {
    [name: string]: {
      name?: string;
      environment?: string;
      file?: string;
      external?: boolean | string | { name?: string; [extension: `x-${string}`]: unknown };
      labels?: { [name: string]: string | number | boolean | null } | readonly string[];
      template_driver?: string;
      driver?: string;
      driver_opts?: { [name: string]: string | number | boolean | null };
      [extension: `x-${string}`]: unknown;
    };
  } | null;
  configs?: {
    [name: string]: {
      name?: string;
      environment?: string;
      file?: string;
      external?: boolean | string | { name?: string; [extension: `x-${string}`]: unknown };
      labels?: { [name: string]: string | number | boolean | null } | readonly string[];
      template_driver?: string;
      content?: string;
      [extension: `x-${string}`]: unknown;
    };
  } | null;
  [extension: `x-${string}`]: unknown;
}
