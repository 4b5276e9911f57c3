// Everything about one container, as `inspect` shows it.
import type { ContainerInspect, NetworkSettings } from '#shared/contract/container.ts';
import type { EndpointSettings, PortMap } from '#shared/contract/network.ts';
import { zeroTime } from '#shared/notation/time.ts';
import type { ContainerRecord } from '../record/record.ts';
import { pathsOf, type Room } from '../room.ts';
import { mountPointsOf, sizesOf } from './parts.ts';
import { stateOf } from './status.ts';
import { wholeConfig, wholeHostConfig } from './whole-config.ts';

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
    HostConfig: wholeHostConfig(record.hostConfig),
    GraphDriver: { Name: 'overlay2', Data: layerDirs(room, record) },
    ...sizes,
    Mounts: mountPointsOf(record),
    Config: wholeConfig(record.config),
    NetworkSettings: networkSettingsOf(room, record),
  };
}

function layerDirs(room: Room, record: ContainerRecord): Record<string, string> {
  const active = room.snapshots.find(record.id);
  if (active === undefined) return {};
  const { lowers, merged, upper, work } = active;
  return { LowerDir: lowers.join(':'), MergedDir: merged, UpperDir: upper, WorkDir: work };
}

/** The networks it is on; for one that does not run, those it asked for, without addresses. */
export function networksOf(room: Room, record: ContainerRecord): Record<string, EndpointSettings> {
  if (record.wiring !== undefined) return record.wiring.networks;
  const mode = record.hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) return {};
  const names = new Set([mode, ...Object.keys(record.endpoints)]);
  // One that has run before keeps to the networks that it was on.
  const idOf = (name: string): string => (record.startedAt === zeroTime ? '' : networkIdOf(room, name));
  return Object.fromEntries(
    [...names].map((name) => [name, restingEndpoint(record.endpoints[name], idOf(name))]),
  );
}

function networkIdOf(room: Room, name: string): string {
  try {
    return room.networks.resolve(name).id;
  } catch {
    return '';
  }
}

function restingEndpoint(asked: EndpointSettings | null | undefined, NetworkID: string): EndpointSettings {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: '',
    DriverOpts: null,
    GwPriority: 0,
    NetworkID,
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

function networkSettingsOf(room: Room, record: ContainerRecord): NetworkSettings {
  const networks = networksOf(room, record);
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
