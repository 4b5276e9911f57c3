// Everything about one container, as `inspect` shows it.
import type { ContainerInspect, NetworkSettings } from '#shared/contract/container.ts';
import type { EndpointSettings, PortMap } from '#shared/contract/network.ts';
import type { ContainerRecord } from '../record/record.ts';
import { pathsOf, type Room } from '../room.ts';
import { mountPointOf, sizesOf } from './parts.ts';
import { stateOf } from './status.ts';

export async function inspectContainer(
  room: Room,
  record: ContainerRecord,
  options: { size?: boolean | undefined },
): Promise<ContainerInspect> {
  const paths = pathsOf(room, record.id);
  const sizes = options.size === true ? await sizesOf(room, record) : {};
  const execs = [...room.live.of(record.id).execs.values()].filter((exec) => exec.phase === 'running');
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: record.path,
    Args: record.args,
    State: stateOf(record),
    Image: record.imageId,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: record.hostConfig.LogConfig?.Type === 'none' ? '' : paths.log,
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execs.length === 0 ? null : execs.map((exec) => exec.id),
    HostConfig: record.hostConfig,
    GraphDriver: { Name: 'overlay2', Data: layerDirs(room, record) },
    ...sizes,
    Mounts: record.mounts.map(mountPointOf),
    Config: record.config,
    NetworkSettings: networkSettingsOf(record),
  };
}

function layerDirs(room: Room, record: ContainerRecord): Record<string, string> {
  const active = room.snapshots.find(record.id);
  if (active === undefined) return {};
  const { lowers, merged, upper, work } = active;
  return { LowerDir: lowers.join(':'), MergedDir: merged, UpperDir: upper, WorkDir: work };
}

/** The networks it is on; for one that does not run, those it asked for, without addresses. */
export function networksOf(record: ContainerRecord): Record<string, EndpointSettings> {
  if (record.wiring !== undefined) return record.wiring.networks;
  const mode = record.hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) return {};
  const names = new Set([mode, ...Object.keys(record.endpoints)]);
  return Object.fromEntries([...names].map((name) => [name, restingEndpoint(record.endpoints[name])]));
}

function restingEndpoint(asked: EndpointSettings | null | undefined): EndpointSettings {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: '',
    DriverOpts: null,
    NetworkID: '',
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
    ...asked,
  };
}

function networkSettingsOf(record: ContainerRecord): NetworkSettings {
  const networks = networksOf(record);
  const main = networks['bridge'];
  const ports: PortMap = {};
  if (record.wiring !== undefined) {
    for (const key of Object.keys(record.config.ExposedPorts ?? {})) ports[key] = null;
    Object.assign(ports, record.wiring.ports);
  }
  return {
    Bridge: '',
    SandboxID: record.wiring === undefined ? '' : record.id,
    SandboxKey: record.wiring?.sandboxKey ?? '',
    Ports: ports,
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: main?.EndpointID ?? '',
    Gateway: main?.Gateway ?? '',
    GlobalIPv6Address: main?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: main?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: main?.IPAddress ?? '',
    IPPrefixLen: main?.IPPrefixLen ?? 0,
    IPv6Gateway: main?.IPv6Gateway ?? '',
    MacAddress: main?.MacAddress ?? '',
    Networks: networks,
  };
}
