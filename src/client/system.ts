// The engine itself over the wire: version, info, disk usage, events.
import type { Wire } from '#client/wire.ts';
import type { ContainerSummary } from '#shared/contract/container.ts';
import type { EngineEvent } from '#shared/contract/event.ts';
import type { ImageSummary } from '#shared/contract/image.ts';
import type { CheckFinding, PortUse } from '#shared/contract/network.ts';
import type { VolumeInspect } from '#shared/contract/volume.ts';

export interface VersionAnswer {
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  GitCommit?: string;
  GoVersion?: string;
  Os: string;
  Arch: string;
  KernelVersion?: string;
  BuildTime?: string;
  Platform?: { Name: string };
  Components?: { Name: string; Version: string; Details?: Record<string, string> | null }[] | null;
  [more: string]: unknown;
}

export interface InfoAnswer {
  ID?: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Driver: string;
  DriverStatus?: [string, string][] | null;
  LoggingDriver?: string;
  CgroupDriver?: string;
  CgroupVersion?: string;
  KernelVersion?: string;
  OperatingSystem?: string;
  OSType?: string;
  Architecture?: string;
  NCPU?: number;
  MemTotal?: number;
  Name?: string;
  DockerRootDir?: string;
  ServerVersion?: string;
  DefaultRuntime?: string;
  Runtimes?: Record<string, unknown> | null;
  SecurityOptions?: string[] | null;
  RegistryConfig?: { Mirrors?: string[] | null; InsecureRegistryCIDRs?: string[] | null } | null;
  Plugins?: Record<string, string[] | null> | null;
  Labels?: string[] | null;
  Warnings?: string[] | null;
  Debug?: boolean;
  Swarm?: { LocalNodeState?: string };
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  ExperimentalBuild?: boolean;
  LiveRestoreEnabled?: boolean;
  [more: string]: unknown;
}

export interface BuildCacheRecord {
  ID: string;
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  CreatedAt: string;
  LastUsedAt?: string | null;
  UsageCount?: number;
}

export interface DiskUsageAnswer {
  LayersSize: number;
  Images: ImageSummary[] | null;
  Containers: ContainerSummary[] | null;
  Volumes: VolumeInspect[] | null;
  BuildCache: BuildCacheRecord[] | null;
}

export class System {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The API version that requests will use: `1.51`. */
  async apiVersion(): Promise<string> {
    return (await this.#wire.prefix()).replace('/v', '');
  }

  version(): Promise<VersionAnswer> {
    return this.#wire.json('/version');
  }

  info(): Promise<InfoAnswer> {
    return this.#wire.json('/info');
  }

  /** Of `types` alone, where given: container, image, volume, build-cache. */
  diskUsage(types: readonly string[] = []): Promise<DiskUsageAnswer> {
    return this.#wire.json('/system/df', types.length === 0 ? {} : { query: { type: types } });
  }

  /** Whether the engine is Wharf's own. */
  async isWharf(): Promise<boolean> {
    return /^Wharf\//.test(await this.#wire.server());
  }

  /** `since` and `until` in Unix seconds, with a fraction. Ends with `until`, else goes on until aborted. */
  events(
    query: { since?: string; until?: string; filters?: string },
    signal?: AbortSignal,
  ): Promise<AsyncIterable<EngineEvent>> {
    return this.#wire.lines('/events', { query, ...(signal === undefined ? {} : { signal }) });
  }

  login(credentials: Record<string, string>): Promise<{ Status: string; IdentityToken?: string }> {
    return this.#wire.json('/auth', { method: 'POST', json: credentials });
  }

  /** What is not as it should be; empty where all is well. */
  check(): Promise<CheckFinding[]> {
    return this.#wire.json('/system/check');
  }

  /** Who has a port of the engine's host, or would have it if it ran. */
  portUses(port: number): Promise<PortUse[]> {
    return this.#wire.json(`/system/ports/${port}`);
  }

  /** The JSON of any object as the engine gave it. */
  raw(path: string): Promise<unknown> {
    return this.#wire.json(path);
  }
}
