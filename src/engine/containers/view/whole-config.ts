// Configurations as inspect shows them: every field that Docker always tells, zero where nobody said anything.
import { defaultMaskedPaths, defaultReadonlyPaths } from '#runtime/security.ts';
import type { ContainerConfig, HostConfig } from '#shared/contract/container.ts';

const emptyHostConfig = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: 'json-file', Config: {} },
  NetworkMode: 'bridge',
  PortBindings: null,
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: '',
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: '',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 0,
  Runtime: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
} satisfies HostConfig & Record<string, unknown>;

const emptyConfig = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
} satisfies ContainerConfig;

/** The paths that are hidden and protected unless told otherwise are told too, as they hold. */
export function wholeHostConfig(host: HostConfig): HostConfig {
  const unconfined = host.Privileged === true || (host.SecurityOpt ?? []).includes('systempaths=unconfined');
  const PortBindings = host.PortBindings && wholePorts(host.PortBindings);
  return {
    ...emptyHostConfig,
    MaskedPaths: unconfined ? null : [...defaultMaskedPaths],
    ReadonlyPaths: unconfined ? null : [...defaultReadonlyPaths],
    ...host,
    ...(PortBindings ? { PortBindings } : {}),
  };
}

function wholePorts(ports: NonNullable<HostConfig['PortBindings']>): NonNullable<HostConfig['PortBindings']> {
  const whole = Object.entries(ports).map(([port, bindings]) => [
    port,
    bindings === null ? null : bindings.map((binding) => ({ HostIp: '', HostPort: '', ...binding })),
  ]);
  return Object.fromEntries(whole);
}

/** Fields that Docker leaves out where they say nothing. */
const leftOutEmpty = ['ExposedPorts', 'Healthcheck', 'StopSignal', 'Shell', 'MacAddress'] as const;

export function wholeConfig(config: ContainerConfig): ContainerConfig {
  const whole: ContainerConfig = { ...emptyConfig, ...config };
  for (const name of leftOutEmpty) if (isEmpty(whole[name])) delete whole[name];
  if (isEmpty(whole.Volumes)) whole.Volumes = null;
  if (whole.StopTimeout === null) delete whole.StopTimeout;
  return whole;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
