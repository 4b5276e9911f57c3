// What the host gives: the facts that a spec is built for. Read once, kept for the life of the engine.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { splitDeviceNumber } from '#kernel/syscalls.ts';
import { unavailable } from '#shared/errors.ts';
import { decodeCapabilityMask } from './confine/capabilities.ts';
import { parseSeccompProfile, type SeccompProfile } from './confine/seccomp.ts';
import type { OciDevice } from './oci-spec.ts';

export interface HostFacts {
  /** As Node names it: `x64`, `arm64`. */
  architecture: string;
  kernelVersion: string;
  /** What the engine may give: its own bounding set. */
  capabilities: readonly string[];
  /** The engine's own hard limits, by `RLIMIT_…` name; a limit that is not here has no bound. */
  hardLimits: Readonly<Record<string, number>>;
  /** Lowest `oom_score_adj` that the engine may set. */
  oomScoreAdjFloor: number;
  /** Name of the AppArmor profile for containers, where the kernel has it loaded. */
  apparmorProfile: string | undefined;
  cgroupV2: boolean;
  /** The distribution's profile; not there: `unavailable` with what to install. */
  seccompProfile(): SeccompProfile;
  /** Every device node of the host, for privileged containers. */
  devices(): OciDevice[];
}

const seccompPaths = ['/etc/containers/seccomp.json', '/usr/share/containers/seccomp.json'];
const apparmorProfile = 'docker-default';

const limitNames: Record<string, string> = {
  'Max cpu time': 'CPU',
  'Max file size': 'FSIZE',
  'Max data size': 'DATA',
  'Max stack size': 'STACK',
  'Max core file size': 'CORE',
  'Max resident set': 'RSS',
  'Max processes': 'NPROC',
  'Max open files': 'NOFILE',
  'Max locked memory': 'MEMLOCK',
  'Max address space': 'AS',
  'Max file locks': 'LOCKS',
  'Max pending signals': 'SIGPENDING',
  'Max msgqueue size': 'MSGQUEUE',
  'Max nice priority': 'NICE',
  'Max realtime priority': 'RTPRIO',
  'Max realtime timeout': 'RTTIME',
};

/** Hard limits out of the text of /proc/PID/limits. Unlimited ones are left out. */
export function parseHardLimits(text: string): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const name = limitNames[line.slice(0, 25).trim()];
    const hard = line.slice(25).trim().split(/\s+/)[1];
    if (name !== undefined && hard !== undefined && hard !== 'unlimited')
      limits[`RLIMIT_${name}`] = Number(hard);
  }
  return limits;
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

let profile: SeccompProfile | undefined;
function seccompProfile(): SeccompProfile {
  for (const path of profile === undefined ? seccompPaths : []) {
    const text = readOr(path, '');
    if (text !== '') {
      profile = parseSeccompProfile(text);
      break;
    }
  }
  if (profile !== undefined) return profile;
  throw unavailable('the default seccomp profile is not installed', {
    hint: 'apt-get install golang-github-containers-common',
  });
}

/** Nodes that a container gets its own of, or that are not devices at all. */
const ownDevices = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console', 'ptmx']);

/** Device nodes below a directory, as an OCI spec lists them. */
export function listDevices(dir: string): OciDevice[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry): OciDevice[] => {
    const path = join(dir, entry.name);
    if (ownDevices.has(entry.name)) return [];
    if (entry.isDirectory()) return listDevices(path);
    return entry.isCharacterDevice() || entry.isBlockDevice() ? [deviceAt(path)] : [];
  });
}

/** One device node of the host. Throws as `stat` does; what is no device becomes a `u` 0:0. */
export function deviceAt(path: string, pathInContainer: string = path): OciDevice {
  const stat = statSync(path);
  const { major, minor } = splitDeviceNumber(stat.rdev);
  const type = stat.isBlockDevice() ? 'b' : stat.isCharacterDevice() ? 'c' : 'u';
  return {
    type,
    path: pathInContainer,
    major,
    minor,
    fileMode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

function observe(): HostFacts {
  const status = readOr('/proc/self/status', '');
  const mask = (field: string) => new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0';
  const effective = decodeCapabilityMask(mask('CapEff'));
  const bounding = new Set(decodeCapabilityMask(mask('CapBnd')));
  const ownScore = Number(readOr('/proc/self/oom_score_adj', '0'));
  const profiles = readOr('/sys/kernel/security/apparmor/profiles', '');
  return {
    architecture: process.arch,
    kernelVersion: release(),
    capabilities: effective.filter((name) => bounding.has(name)),
    hardLimits: parseHardLimits(readOr('/proc/self/limits', '')),
    oomScoreAdjFloor: effective.includes('CAP_SYS_RESOURCE') ? -1000 : ownScore,
    apparmorProfile: profiles.includes(`${apparmorProfile} (`) ? apparmorProfile : undefined,
    cgroupV2: readOr('/sys/fs/cgroup/cgroup.controllers', '') !== '',
    seccompProfile,
    devices: () => listDevices('/dev'),
  };
}

let facts: HostFacts | undefined;

/** The facts of this host; the first call reads them, later ones are free. */
export function hostFacts(): HostFacts {
  facts ??= observe();
  return facts;
}
