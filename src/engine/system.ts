// The engine about itself: version, info and disk usage, in Docker's shapes.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Build, BuildPruneAnswer } from '#engine/build/build.ts';
import type { Containers } from '#engine/containers/containers.ts';
import type { Images } from '#engine/images/images.ts';
import type { Volumes } from '#engine/volumes/volumes.ts';
import { observeHost } from '#kernel/host.ts';
import type { Referrer } from '#registry/lists.ts';
import type { RegistryClient } from '#registry/registry.ts';
import type { SearchResult } from '#registry/search.ts';
import type { Runtime } from '#runtime/task.ts';
import type { ImageSummary } from '#shared/contract/image.ts';
import { invalid } from '#shared/errors.ts';
import type { Filters } from '#shared/notation/filter.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { chooseCacheEntries } from './cache-prune.ts';
import { availableDrivers } from './containers/config/log-drivers.ts';
import type { EngineOptions } from './engine-options.ts';
import {
  type Distribution,
  type LookupOptions,
  listImageReferrers,
  listRepositoryTags,
  lookUpImage,
  registryOptionsOf,
  searchImages,
} from './registry-lookup.ts';
import { sharedSizesOf } from './shared-sizes.ts';

/** The newest and the oldest version of the Docker Engine API that is spoken. */
export const apiVersions = { newest: '1.51', oldest: '1.40' } as const;

export interface SystemDeps {
  containers: Containers;
  images: Images;
  volumes: Volumes;
  build: Build;
  runtime: Runtime;
  registry: RegistryClient;
  options: EngineOptions;
}

const usageKinds = ['container', 'image', 'volume', 'build-cache'] as const;
type UsageKind = (typeof usageKinds)[number];

/** Everything is looked at when it is asked. */
export class System {
  readonly #deps: SystemDeps;

  constructor(deps: SystemDeps) {
    this.#deps = deps;
  }

  /** Answer of `GET /version`. */
  version() {
    const host = observeHost();
    const version = programVersion();
    const arch = host.nodeArchitecture === 'x64' ? 'amd64' : host.nodeArchitecture;
    return {
      Platform: { Name: 'Wharf' },
      Components: [
        {
          Name: 'Engine',
          Version: version,
          Details: {
            ApiVersion: apiVersions.newest,
            MinAPIVersion: apiVersions.oldest,
            Os: 'linux',
            Arch: arch,
            KernelVersion: host.kernelVersion,
            Experimental: 'false',
            GitCommit: '',
            GoVersion: '',
            BuildTime: '',
          },
        },
        { Name: 'node', Version: process.versions.node, Details: {} },
      ],
      Version: version,
      ApiVersion: apiVersions.newest,
      MinAPIVersion: apiVersions.oldest,
      GitCommit: '',
      GoVersion: '',
      Os: 'linux',
      Arch: arch,
      KernelVersion: host.kernelVersion,
      BuildTime: '',
    };
  }

  /** Answer of `GET /info`. */
  info() {
    const { options, runtime } = this.#deps;
    const host = observeHost();
    const runtimeName = runtime.runtimePath.split('/').at(-1) ?? 'crun';
    return {
      ID: createHash('sha256').update(options.root).update(host.hostname).digest('hex').slice(0, 32),
      ...this.#counts(),
      ...driverInfo(),
      // Gone from v2.
      OomKillDisable: host.cgroupMode !== 'v2',
      ...(host.cgroupMode === 'v2' ? {} : { KernelMemoryTCP: true }),
      NFd: readdirSync('/proc/self/fd').length,
      NGoroutines: 0,
      CgroupVersion: host.cgroupMode === 'v2' ? '2' : '1',
      SystemTime: nowRfc3339Nano(),
      KernelVersion: host.kernelVersion,
      OperatingSystem: host.osName,
      OSVersion: host.osVersion,
      OSType: 'linux',
      Architecture: host.architecture,
      NCPU: host.cpus,
      MemTotal: host.memoryBytes,
      DockerRootDir: options.root,
      Name: host.hostname,
      ServerVersion: programVersion(),
      SecurityOptions: host.securityOptions,
      Runtimes: runtimesAt(runtime.runtimePath),
      DefaultRuntime: runtimeName,
      InitBinary: 'docker-init',
      IndexServerAddress: 'https://index.docker.io/v1/',
      RegistryConfig: {
        Mirrors: options.registryMirrors ?? [],
        InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
        IndexConfigs: {
          'docker.io': {
            Name: 'docker.io',
            Mirrors: options.registryMirrors ?? [],
            Secure: true,
            Official: true,
          },
        },
      },
    };
  }

  /** Answer of `GET /system/df`; with `types`, of these only. */
  async df(types?: readonly string[]) {
    const { containers, images, volumes, build } = this.#deps;
    const unknown = types?.find((type) => !usageKinds.some((kind) => kind === type));
    if (unknown !== undefined) throw invalid(`unknown object type: ${unknown.slice(0, 100)}`);
    const wants = (kind: UsageKind): boolean =>
      types === undefined || types.length === 0 || types.includes(kind);
    const usage = containers.countByImage();
    return {
      LayersSize: wants('image') ? images.usage().layersSizeBytes : 0,
      Images: wants('image')
        ? this.withSharedSizes(images.list({ all: true })).map((image) => ({
            ...image,
            Containers: usage.get(image.Id) ?? 0,
          }))
        : [],
      Containers: wants('container') ? await containers.list({ all: true, size: true }) : [],
      Volumes: wants('volume') ? await volumes.usage() : [],
      BuildCache: wants('build-cache') ? build.cacheUsage() : [],
    };
  }

  /** The rows with the bytes that each image shares with others. */
  withSharedSizes(rows: ImageSummary[]): ImageSummary[] {
    const shared = sharedSizesOf(this.#deps.images.all());
    return rows.map((row) => ({ ...row, SharedSize: shared.get(row.Id) ?? 0 }));
  }

  /** Answer of `GET /distribution/{name}/json`. */
  async distribution(name: string, options: LookupOptions = {}): Promise<Distribution> {
    return await lookUpImage(this.#deps.registry, name, options);
  }

  /** One page of the tags of a repository. */
  async tags(
    name: string,
    options: LookupOptions & { count?: number | undefined; last?: string | undefined } = {},
  ): Promise<{ Name: string; Tags: string[]; Next: string }> {
    return await listRepositoryTags(this.#deps.registry, name, options);
  }

  /** What refers to the manifest that the registry has under the name. */
  async referrers(name: string, options: LookupOptions = {}): Promise<Referrer[]> {
    return await listImageReferrers(this.#deps.registry, name, options);
  }

  /** Answer of `GET /images/search`. */
  async search(
    request: LookupOptions & { term: string; limit?: number | undefined; filters: Filters },
  ): Promise<SearchResult[]> {
    return await searchImages({ ...request, ...registryOptionsOf(this.#deps.options) });
  }

  /** Answer of `POST /build/prune`. `keepBytes`: what may stay. */
  async pruneBuildCache(
    filters: Filters,
    options: { all?: boolean; keepBytes?: number | undefined } = {},
  ): Promise<BuildPruneAnswer> {
    const { build } = this.#deps;
    const { all = false, keepBytes = 0 } = options;
    if (filters.size === 0 && keepBytes <= 0) return await build.prune({ all });
    return await build.prune({ all, keys: chooseCacheEntries(build.cacheUsage(), filters, { keepBytes }) });
  }

  #counts() {
    const records = this.#deps.containers.all().filter((record) => record.phase !== 'creating');
    const running = records.filter(({ phase }) => phase === 'running' || phase === 'restarting').length;
    const paused = records.filter(({ phase }) => phase === 'paused').length;
    return {
      Containers: records.length,
      ContainersRunning: running,
      ContainersPaused: paused,
      ContainersStopped: records.length - running - paused,
      Images: this.#deps.images.all().length,
    };
  }
}

/** The runtime that there is, under its own name and those that clients ask for. */
const runtimesAt = (path: string) =>
  Object.fromEntries(
    [path.split('/').at(-1) ?? 'crun', 'runc', 'io.containerd.runc.v2'].map((name) => [name, { path }]),
  );

const driverInfo = () => ({
  Driver: 'overlay2',
  DriverStatus: [
    ['Backing Filesystem', 'overlay'],
    ['Supports d_type', 'true'],
    ['Native Overlay Diff', 'true'],
  ] as [string, string][],
  Plugins: {
    Volume: ['local'],
    Network: ['bridge', 'host', 'null'],
    Authorization: null,
    Log: availableDrivers().filter((name) => name !== 'none'),
  },
  MemoryLimit: true,
  SwapLimit: true,
  CpuCfsPeriod: true,
  CpuCfsQuota: true,
  CPUShares: true,
  CPUSet: true,
  PidsLimit: true,
  IPv4Forwarding: true,
  Debug: false,
  LoggingDriver: 'json-file',
  CgroupDriver: 'cgroupfs',
  Swarm: {
    NodeID: '',
    NodeAddr: '',
    LocalNodeState: 'inactive',
    ControlAvailable: false,
    Error: '',
    RemoteManagers: null,
  },
  GenericResources: null,
  ContainerdCommit: { ID: '' },
  RuncCommit: { ID: '' },
  InitCommit: { ID: '' },
  FirewallBackend: { Driver: 'nftables' },
  CDISpecDirs: [] as string[],
  LiveRestoreEnabled: true,
  Isolation: '',
  ExperimentalBuild: false,
  HttpProxy: '',
  HttpsProxy: '',
  NoProxy: '',
  Labels: [] as string[],
  Warnings: [] as string[],
});

let known: string | undefined;

/** The version in package.json. */
function programVersion(): string {
  known ??= (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  ).version;
  return known;
}
