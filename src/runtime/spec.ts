// The OCI spec of one process in a box, with Docker's defaults.
import type { Ulimit } from '#shared/contract/container.ts';
import { capabilitySets, resolveCapabilities } from './confine/capabilities.ts';
import { defaultMounts, mergeMounts } from './confine/mounts.ts';
import { resolveSeccomp, type SeccompProfile } from './confine/seccomp.ts';
import { type HostFacts, hostFacts } from './host-facts.ts';
import type {
  OciDevice,
  OciMount,
  OciNamespace,
  OciProcess,
  OciSeccomp,
  OciSpec,
  OciUser,
} from './oci-spec.ts';
import { deviceRules, type ResourceLimits, toResources, toRlimits } from './resources.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from './security.ts';

/** A new namespace, the host's, or one that exists (`/proc/PID/ns/net`, a bind mount of it). */
export type NamespaceChoice = 'private' | 'host' | { path: string };

export interface SpecInput {
  id: string;
  /** Absolute path of the mounted root file system. */
  rootfs: string;
  args: string[];
  /** Complete: nothing is added to it. */
  env: string[];
  /** Absolute. Default `/`. */
  cwd?: string;
  user?: OciUser;
  tty?: boolean;
  /** Columns and rows of the terminal at start. */
  consoleSize?: { width: number; height: number };
  hostname?: string;
  domainname?: string;
  capabilities?: { add?: readonly string[]; drop?: readonly string[] };
  /** Everything the engine itself may do, all devices, nothing masked, no seccomp. */
  privileged?: boolean;
  seccomp?: 'default' | 'unconfined' | SeccompProfile;
  apparmor?: string;
  noNewPrivileges?: boolean;
  /** Default: Docker's. */
  maskedPaths?: readonly string[];
  /** Default: Docker's. */
  readonlyPaths?: readonly string[];
  readonlyRootfs?: boolean;
  /** Added to the default ones; the same destination replaces a default one. */
  mounts?: OciMount[];
  /** Size of /dev/shm. Default 64 MiB. */
  shmSizeBytes?: number;
  /** Each `private` by default; `cgroup` is the host's by default on cgroup v1, as Docker does. */
  namespaces?: {
    network?: NamespaceChoice;
    pid?: NamespaceChoice;
    ipc?: NamespaceChoice;
    uts?: NamespaceChoice;
    cgroup?: NamespaceChoice;
  };
  devices?: (OciDevice & { access?: string })[];
  deviceCgroupRules?: readonly string[];
  resources?: ResourceLimits;
  /** Capped to the engine's own hard limits. */
  rlimits?: readonly Ulimit[];
  sysctls?: Record<string, string>;
  /** `/wharf/<id>`, below every controller's root. */
  cgroupsPath: string;
  oomScoreAdj?: number;
  annotations?: Record<string, string>;
  /** Path of the init program on the host (`findInit`); it becomes process 1 as /sbin/docker-init. */
  init?: string;
  /** `shared`, `rslave`, …: what a bind mount inside asks of the root. */
  rootfsPropagation?: string;
}

const initPath = '/sbin/docker-init';

/** The process part; also what an exec session is given. */
export function buildProcess(
  input: Omit<SpecInput, 'rootfs' | 'cgroupsPath' | 'id'>,
  facts: HostFacts = hostFacts(),
): OciProcess {
  const user = input.user ?? { uid: 0, gid: 0 };
  const bounding = resolveCapabilities(
    { ...input.capabilities, privileged: input.privileged ?? false },
    facts.capabilities,
  );
  const process: OciProcess = {
    terminal: input.tty ?? false,
    user,
    args: input.init === undefined ? input.args : [initPath, '--', ...input.args],
    env: input.env,
    cwd: input.cwd || '/',
    capabilities: capabilitySets(bounding, user.uid),
    rlimits: toRlimits(input.rlimits ?? [], facts.hardLimits),
    noNewPrivileges: input.noNewPrivileges ?? false,
  };
  const { width = 0, height = 0 } = input.consoleSize ?? {};
  if (input.tty && width > 0 && height > 0) process.consoleSize = { height, width };
  const apparmor = input.apparmor ?? (input.privileged ? 'unconfined' : facts.apparmorProfile);
  if (apparmor !== undefined && facts.apparmorProfile !== undefined) process.apparmorProfile = apparmor;
  // 0 is what the monitor leaves behind; a lower score than the engine may set would fail the start.
  if (input.oomScoreAdj) process.oomScoreAdj = Math.max(input.oomScoreAdj, facts.oomScoreAdjFloor);
  return process;
}

function namespacesOf(input: SpecInput, facts: HostFacts): OciNamespace[] {
  const choices = input.namespaces ?? {};
  const list: OciNamespace[] = [{ type: 'mount' }];
  const add = (type: OciNamespace['type'], choice: NamespaceChoice) => {
    if (choice !== 'host') list.push(choice === 'private' ? { type } : { type, path: choice.path });
  };
  add('network', choices.network ?? 'private');
  add('pid', choices.pid ?? 'private');
  add('ipc', choices.ipc ?? 'private');
  add('uts', choices.uts ?? 'private');
  add('cgroup', choices.cgroup ?? (facts.cgroupV2 ? 'private' : 'host'));
  return list;
}

const seccompCache = new Map<string, OciSeccomp>();

function seccompOf(input: SpecInput, bounding: string[], facts: HostFacts): OciSeccomp | undefined {
  const choice = input.seccomp ?? 'default';
  if (choice === 'unconfined' || (input.privileged && choice === 'default')) return undefined;
  const target = {
    architecture: facts.architecture,
    kernelVersion: facts.kernelVersion,
    capabilities: bounding,
  };
  if (choice !== 'default') return resolveSeccomp(choice, target);
  const key = bounding.join();
  const known = seccompCache.get(key);
  if (known !== undefined) return known;
  const made = resolveSeccomp(facts.seccompProfile(), target);
  seccompCache.set(key, made);
  return made;
}

function sysctlsOf(input: SpecInput): Record<string, string> {
  const network = input.namespaces?.network ?? 'private';
  // Docker's: with a network of its own, a container may ping and serve port 80 without being root.
  const open: Record<string, string> =
    network === 'host' || input.privileged
      ? {}
      : { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' };
  return { ...open, ...input.sysctls };
}

/** Host name and domain can only be set in a UTS namespace of one's own. */
function namesOf(input: SpecInput): Partial<OciSpec> {
  if ((input.namespaces?.uts ?? 'private') !== 'private') return {};
  return {
    ...(input.hostname ? { hostname: input.hostname } : {}),
    ...(input.domainname ? { domainname: input.domainname } : {}),
  };
}

/** The whole spec (OCI runtime-spec 1.0.2). Wrong capability, device or rule: `invalid`. */
export function buildSpec(input: SpecInput, facts: HostFacts = hostFacts()): OciSpec {
  const process = buildProcess(input, facts);
  const privileged = input.privileged ?? false;
  const devices = [...(privileged ? facts.devices() : []), ...(input.devices ?? [])];
  const spec: OciSpec = {
    ociVersion: '1.0.2',
    process,
    root: { path: input.rootfs, readonly: input.readonlyRootfs ?? false },
    ...namesOf(input),
    mounts: mergeMounts(defaultMounts(input, privileged), [
      ...(input.init === undefined
        ? []
        : [{ destination: initPath, type: 'bind', source: input.init, options: ['bind', 'ro'] }]),
      ...(input.mounts ?? []),
    ]),
    linux: {
      namespaces: namespacesOf(input, facts),
      devices: devices.map(({ access: _, ...device }: OciDevice & { access?: string }) => device),
      resources: {
        ...toResources(input.resources ?? {}),
        devices: privileged
          ? [{ allow: true, access: 'rwm' }]
          : deviceRules(input.devices ?? [], input.deviceCgroupRules ?? []),
      },
      cgroupsPath: input.cgroupsPath,
      sysctl: sysctlsOf(input),
      maskedPaths: [...(input.maskedPaths ?? (privileged ? [] : defaultMaskedPaths))],
      readonlyPaths: [...(input.readonlyPaths ?? (privileged ? [] : defaultReadonlyPaths))],
    },
  };
  const seccomp = seccompOf(input, process.capabilities?.bounding ?? [], facts);
  if (seccomp !== undefined) spec.linux.seccomp = seccomp;
  if (input.rootfsPropagation !== undefined) spec.linux.rootfsPropagation = input.rootfsPropagation;
  if (input.annotations !== undefined) spec.annotations = input.annotations;
  return spec;
}
