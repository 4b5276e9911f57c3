// The host's side of a container: limits, mounts, ports, namespaces, devices.
import { mountsOf } from '#compose/execute/mounts.ts';
import { bytesOf, defined, nanosOf } from '#compose/execute/values.ts';
import type { DeviceRequest, Project, Service } from '#compose/model.ts';
import type { HostConfig, RestartPolicy, Ulimit } from '#shared/contract/container.ts';
import type { PortMap } from '#shared/contract/network.ts';

export interface HostFrame {
  project: Project;
  /** Anonymous volumes of the container that this one replaces, by target. */
  keptVolumes: Readonly<Record<string, string>>;
  networkMode: string;
  /** The container that a service's namespaces are in. */
  containerOf: (service: string) => string;
}

/** `HostConfig` of a service's container. */
export function hostConfigOf(service: Service, frame: HostFrame): HostConfig {
  const { Binds, Mounts } = mountsOf(frame.project, service, frame.keptVolumes);
  const ports = portBindings(service);
  return {
    ...plainAttributes(service),
    ...limits(service),
    ...blkioOf(service['blkio_config']),
    NetworkMode: frame.networkMode,
    RestartPolicy: restartPolicy(service),
    ...(Binds.length === 0 ? {} : { Binds }),
    ...(Mounts.length === 0 ? {} : { Mounts }),
    ...(Object.keys(ports).length === 0 ? {} : { PortBindings: ports }),
    ...defined<HostConfig>({
      IpcMode: namespaceOf(service['ipc'], frame),
      PidMode: namespaceOf(service['pid'], frame),
      VolumesFrom: service.volumes_from?.map((entry) => volumesFrom(entry, frame)),
    }),
  };
}

/** `service:x` is the namespace of that service's container. */
export function namespaceOf(
  mode: unknown,
  { containerOf }: Pick<HostFrame, 'containerOf'>,
): string | undefined {
  if (typeof mode !== 'string') return undefined;
  return mode.startsWith('service:') ? `container:${containerOf(mode.slice('service:'.length))}` : mode;
}

function volumesFrom(entry: string, { containerOf }: HostFrame): string {
  if (entry.startsWith('container:')) return entry.slice('container:'.length);
  const [name = '', mode] = entry.split(':');
  return mode === undefined ? containerOf(name) : `${containerOf(name)}:${mode}`;
}

/** Attributes that the engine has under another name and with the same value. */
const sameValues: Readonly<Record<string, keyof HostConfig>> = {
  annotations: 'Annotations',
  cap_add: 'CapAdd',
  cap_drop: 'CapDrop',
  cgroup: 'CgroupnsMode',
  cgroup_parent: 'CgroupParent',
  cpu_period: 'CpuPeriod',
  cpu_quota: 'CpuQuota',
  cpu_rt_period: 'CpuRealtimePeriod',
  cpu_rt_runtime: 'CpuRealtimeRuntime',
  cpu_shares: 'CpuShares',
  cpuset: 'CpusetCpus',
  device_cgroup_rules: 'DeviceCgroupRules',
  dns: 'Dns',
  dns_opt: 'DnsOptions',
  dns_search: 'DnsSearch',
  group_add: 'GroupAdd',
  init: 'Init',
  isolation: 'Isolation',
  oom_kill_disable: 'OomKillDisable',
  oom_score_adj: 'OomScoreAdj',
  privileged: 'Privileged',
  read_only: 'ReadonlyRootfs',
  runtime: 'Runtime',
  security_opt: 'SecurityOpt',
  storage_opt: 'StorageOpt',
  sysctls: 'Sysctls',
  userns_mode: 'UsernsMode',
  uts: 'UTSMode',
};

function plainAttributes(service: Service): HostConfig {
  const host: Record<string, unknown> = {};
  for (const [attribute, name] of Object.entries(sameValues)) {
    if (service[attribute] !== undefined) host[name] = service[attribute];
  }
  const { logging } = service;
  if (logging !== undefined)
    host['LogConfig'] = { Type: logging.driver ?? '', Config: logging.options ?? {} };
  const tmpfs = service['tmpfs'];
  if (Array.isArray(tmpfs))
    host['Tmpfs'] = Object.fromEntries(tmpfs.map((entry) => splitTmpfs(String(entry))));
  // The engine's /etc/hosts entries are written with a colon.
  if (service.extra_hosts !== undefined)
    host['ExtraHosts'] = service.extra_hosts.map((entry) => entry.replace('=', ':'));
  return host;
}

function splitTmpfs(entry: string): [target: string, options: string] {
  const colon = entry.indexOf(':');
  return colon < 0 ? [entry, ''] : [entry.slice(0, colon), entry.slice(colon + 1)];
}

function limits(service: Service): Partial<HostConfig> {
  const { limits: most, reservations: least } = service.deploy?.resources ?? {};
  const cpus = service['cpus'] ?? most?.cpus;
  return defined<HostConfig>({
    Memory: bytesOf(service['mem_limit'] ?? most?.memory),
    MemoryReservation: bytesOf(service['mem_reservation'] ?? least?.memory),
    MemorySwap: bytesOf(service['memswap_limit']),
    MemorySwappiness: bytesOf(service['mem_swappiness']),
    ShmSize: bytesOf(service['shm_size']),
    NanoCpus: typeof cpus === 'number' ? Math.round(cpus * 1e9) : undefined,
    PidsLimit: bytesOf(service['pids_limit'] ?? most?.pids),
    Ulimits: ulimitsOf(service['ulimits']),
    Devices: devicesOf(service['devices']),
    DeviceRequests: deviceRequests(service),
  });
}

const blkioNames = {
  weight_device: ['BlkioWeightDevice', 'weight', 'Weight'],
  device_read_bps: ['BlkioDeviceReadBps', 'rate', 'Rate'],
  device_write_bps: ['BlkioDeviceWriteBps', 'rate', 'Rate'],
  device_read_iops: ['BlkioDeviceReadIOps', 'rate', 'Rate'],
  device_write_iops: ['BlkioDeviceWriteIOps', 'rate', 'Rate'],
} as const;

function blkioOf(said: unknown): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  if (typeof said !== 'object' || said === null) return found;
  const config: Record<string, unknown> = { ...said };
  if (config['weight'] !== undefined) found['BlkioWeight'] = config['weight'];
  for (const [attribute, [name, from, to]] of Object.entries(blkioNames)) {
    const devices = config[attribute];
    if (Array.isArray(devices))
      found[name] = devices.map((device) => ({ Path: device.path, [to]: bytesOf(device[from]) }));
  }
  return found;
}

function ulimitsOf(ulimits: unknown): Ulimit[] | undefined {
  if (typeof ulimits !== 'object' || ulimits === null) return undefined;
  return Object.entries(ulimits).map(([Name, limit]) =>
    typeof limit === 'number'
      ? { Name, Soft: limit, Hard: limit }
      : { Name, Soft: limit.soft, Hard: limit.hard },
  );
}

function devicesOf(devices: unknown): HostConfig['Devices'] | undefined {
  if (!Array.isArray(devices)) return undefined;
  return devices.map(({ source, target, permissions }) => ({
    PathOnHost: source,
    PathInContainer: target,
    CgroupPermissions: permissions,
  }));
}

function deviceRequests(service: Service): object[] | undefined {
  const gpus: DeviceRequest[] = Array.isArray(service['gpus']) ? service['gpus'] : [];
  const wanted = [
    ...gpus.map((gpu) => ({ ...gpu, capabilities: [...(gpu.capabilities ?? []), 'gpu'] })),
    ...(service.deploy?.resources?.reservations?.devices ?? []),
  ];
  if (wanted.length === 0) return undefined;
  return wanted.map(({ driver, count, device_ids, capabilities, options }) => ({
    Driver: driver ?? '',
    Count: count ?? 0,
    DeviceIDs: device_ids ?? null,
    Capabilities: [capabilities ?? []],
    Options: options ?? {},
  }));
}

function portBindings(service: Service): PortMap {
  const map: PortMap = {};
  for (const { target, protocol, host_ip, published } of service.ports ?? []) {
    const key = `${target}/${protocol}`;
    map[key] = [...(map[key] ?? []), { HostIp: host_ip ?? '', HostPort: published ?? '' }];
  }
  return map;
}

const deployedRestart: Record<string, RestartPolicy['Name']> = {
  none: 'no',
  any: 'always',
  'on-failure': 'on-failure',
};

function restartPolicy({ restart, deploy }: Service): RestartPolicy {
  const policy = deploy?.restart_policy;
  if (restart === undefined && policy !== undefined) {
    const name = deployedRestart[policy.condition ?? 'any'] ?? 'always';
    return name === 'on-failure'
      ? { Name: name, MaximumRetryCount: policy.max_attempts ?? 0 }
      : { Name: name };
  }
  const [name = 'no', retries] = (restart ?? 'no').split(':');
  const known = (['no', 'always', 'unless-stopped', 'on-failure'] as const).find((one) => one === name);
  return { Name: known ?? 'no', ...(retries === undefined ? {} : { MaximumRetryCount: Number(retries) }) };
}

/** A health check in nanoseconds; nothing where the image's own is to be kept. */
export function healthcheckOf({ healthcheck }: Service): { Test?: string[] } | undefined {
  if (healthcheck === undefined) return undefined;
  if (healthcheck.disable) return { Test: ['NONE'] };
  return defined({
    Test: healthcheck.test,
    Interval: nanosOf(healthcheck.interval),
    Timeout: nanosOf(healthcheck.timeout),
    StartPeriod: nanosOf(healthcheck.start_period),
    StartInterval: nanosOf(healthcheck.start_interval),
    Retries: healthcheck.retries,
  });
}
