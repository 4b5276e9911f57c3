// The box that a container's process is put in, out of its record.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canMountReadOnlyBelow, limitsAt } from '#kernel/mounts.ts';
import { findInit } from '#runtime/bundle.ts';
import { deviceAt } from '#runtime/host-facts.ts';
import type { OciMount, OciUser } from '#runtime/oci-spec.ts';
import { parseSecurityOptions } from '#runtime/security.ts';
import type { NamespaceChoice, SpecInput } from '#runtime/spec.ts';
import type { DeviceMapping, HostConfig } from '#shared/contract/container.ts';
import { conflict, invalid } from '#shared/errors.ts';
import { grantedMounts } from '../files/granted.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';
import { type ContainerPaths, pathsOf, type Room } from '../room.ts';
import { processEnv } from './merge.ts';
import type { StagedSources } from './stage.ts';

export interface Surroundings {
  rootfs: string;
  user: OciUser;
  home: string;
  network: NamespaceChoice;
  staged: StagedSources;
}

/** Everything `buildSpec` needs. Throws `conflict` where a namespace to share belongs to a stopped container. */
export function specInputOf(room: Room, record: ContainerRecord, around: Surroundings): SpecInput {
  const { config, hostConfig: host } = record;
  const security = parseSecurityOptions(host.SecurityOpt ?? []);
  const unconfined = security.systemPathsUnconfined ? [] : undefined;
  const maskedPaths = host.MaskedPaths ?? unconfined;
  const readonlyPaths = host.ReadonlyPaths ?? unconfined;
  return {
    id: record.id,
    rootfs: around.rootfs,
    args: [record.path, ...record.args],
    env: processEnv(config, config.Hostname ?? '', around.home),
    cwd: config.WorkingDir || '/',
    user: around.user,
    tty: config.Tty ?? false,
    ...consoleOf(host),
    hostname: config.Hostname ?? '',
    domainname: config.Domainname ?? '',
    capabilities: { add: host.CapAdd ?? [], drop: host.CapDrop ?? [] },
    privileged: host.Privileged ?? false,
    seccomp: security.seccomp,
    ...(security.apparmor === undefined ? {} : { apparmor: security.apparmor }),
    noNewPrivileges: security.noNewPrivileges,
    ...(maskedPaths === undefined || maskedPaths === null ? {} : { maskedPaths }),
    ...(readonlyPaths === undefined || readonlyPaths === null ? {} : { readonlyPaths }),
    readonlyRootfs: host.ReadonlyRootfs ?? false,
    mounts: mountsOf(room, record, around.staged),
    ...(host.ShmSize ? { shmSizeBytes: host.ShmSize } : {}),
    namespaces: {
      network: around.network,
      pid: namespaceOf(room, host.PidMode, 'pid'),
      ipc: namespaceOf(room, host.IpcMode, 'ipc'),
      uts: host.UTSMode === 'host' ? 'host' : 'private',
      ...(host.CgroupnsMode === 'host' ? { cgroup: 'host' as const } : {}),
    },
    devices: (host.Devices ?? []).flatMap(devicesOf),
    deviceCgroupRules: host.DeviceCgroupRules ?? [],
    resources: host,
    rlimits: host.Ulimits ?? [],
    sysctls: host.Sysctls ?? {},
    cgroupsPath: room.runtime.cgroupPath(record.id, host.CgroupParent || undefined),
    ...(host.OomScoreAdj ? { oomScoreAdj: host.OomScoreAdj } : {}),
    ...(host.Annotations ? { annotations: host.Annotations } : {}),
    ...(host.Init === true ? { init: findInit() } : {}),
    ...rootPropagation(record),
  };
}

function consoleOf(host: HostConfig): Pick<SpecInput, 'consoleSize'> {
  const [height = 0, width = 0] = host.ConsoleSize ?? [];
  return height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
}

/** A mount that spreads needs a root that lets it. */
function rootPropagation(record: ContainerRecord): Pick<SpecInput, 'rootfsPropagation'> {
  const asked = record.mounts.map((mount) => mount.Propagation);
  if (asked.some((word) => word === 'shared' || word === 'rshared')) return { rootfsPropagation: 'shared' };
  if (asked.some((word) => word === 'slave' || word === 'rslave')) return { rootfsPropagation: 'rslave' };
  return {};
}

function namespaceOf(room: Room, mode: string | undefined, kind: 'pid' | 'ipc'): NamespaceChoice {
  if (mode === 'host') return 'host';
  if (mode === undefined || !mode.startsWith('container:')) return 'private';
  const other = donorOf(room, mode, kind);
  return { path: `/proc/${other.pid}/ns/${kind}` };
}

function donorOf(room: Room, mode: string, kind: 'pid' | 'ipc'): ContainerRecord {
  const other = room.store.resolve(mode.slice('container:'.length));
  if (!isUp(other)) {
    throw conflict(`cannot join ${kind === 'pid' ? 'PID' : 'IPC'} of a non running container: ${other.id}`);
  }
  if (kind === 'ipc' && other.hostConfig.IpcMode !== 'shareable') {
    throw invalid(
      `cannot join IPC of container ${other.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  }
  return other;
}

function mountsOf(room: Room, record: ContainerRecord, staged: StagedSources): OciMount[] {
  const paths = pathsOf(room, record.id);
  const taken = new Set(record.mounts.map((mount) => mount.Destination));
  const own = fileMounts(paths).filter((mount) => !taken.has(mount.destination));
  const asked = record.mounts.map((mount) => toOci(mount, staged));
  return [...own, ...shmMounts(room, record, paths), ...asked, ...grantedMounts(paths)];
}

function fileMounts(paths: ContainerPaths): OciMount[] {
  const at = (destination: string, source: string): OciMount => ({
    destination,
    source,
    type: 'bind',
    options: ['rbind', 'rprivate', 'rw'],
  });
  return [
    at('/etc/resolv.conf', paths.resolvConf),
    at('/etc/hostname', paths.hostname),
    at('/etc/hosts', paths.hosts),
  ];
}

/** A shareable /dev/shm lies on the host's side, where another container's mount can reach it. */
function shmMounts(room: Room, record: ContainerRecord, paths: ContainerPaths): OciMount[] {
  const mode = record.hostConfig.IpcMode ?? '';
  const source =
    mode === 'shareable' ? paths.shm : mode.startsWith('container:') ? pathsOf(room, mode.slice(10)).shm : '';
  if (source === '' || record.mounts.some((mount) => mount.Destination === '/dev/shm')) return [];
  return [
    {
      destination: '/dev/shm',
      source,
      type: 'bind',
      options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'],
    },
  ];
}

function toOci(mount: ContainerRecord['mounts'][number], staged: StagedSources): OciMount {
  const destination = mount.Destination;
  if (mount.Type === 'tmpfs') return { destination, type: 'tmpfs', source: 'tmpfs', options: mount.options };
  const source = staged.get(destination) ?? mount.Source;
  // Nothing can be mounted below a file, and crun takes the word for folders only.
  const reaches = canMountReadOnlyBelow() && statSync(source, { throwIfNoEntry: false })?.isFile() !== true;
  const options = reaches ? mount.options : mount.options.map((word) => (word === 'rro' ? 'ro' : word));
  return { destination, type: 'bind', source, options: [...options, ...limitsAt(source)] };
}

/** One device, or every device below a folder. */
function devicesOf(mapping: DeviceMapping): NonNullable<SpecInput['devices']> {
  const source = mapping.PathOnHost;
  const target = mapping.PathInContainer || source;
  const access = mapping.CgroupPermissions || 'rwm';
  try {
    if (!statSync(source).isDirectory()) return [deviceOf(source, target, access)];
    return readdirSync(source, { withFileTypes: true })
      .filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice())
      .map((entry) => deviceOf(join(source, entry.name), join(target, entry.name), access));
  } catch (cause) {
    throw invalid(
      `error gathering device information while adding custom device "${source}": no such file or directory`,
      { cause },
    );
  }
}

function deviceOf(source: string, target: string, access: string): NonNullable<SpecInput['devices']>[number] {
  const device = deviceAt(source, target);
  if (device.type === 'u') throw new Error(`not a device node: ${source}`);
  return { ...device, access };
}
