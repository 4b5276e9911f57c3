// HostConfig's limits in the words of the OCI runtime specification.
import { statSync } from 'node:fs';
import { splitDeviceNumber } from '#kernel/syscalls.ts';
import type { HostConfig, Ulimit } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import type { OciDevice, OciDeviceRule, OciResources, OciRlimit } from './oci-spec.ts';

/** The fields of HostConfig that limit something. Memory in bytes, CpuPeriod and CpuQuota in microseconds. */
export type ResourceLimits = Partial<
  Pick<
    HostConfig,
    | 'CpuShares'
    | 'Memory'
    | 'NanoCpus'
    | 'BlkioWeight'
    | 'BlkioWeightDevice'
    | 'BlkioDeviceReadBps'
    | 'BlkioDeviceWriteBps'
    | 'BlkioDeviceReadIOps'
    | 'BlkioDeviceWriteIOps'
    | 'CpuPeriod'
    | 'CpuQuota'
    | 'CpuRealtimePeriod'
    | 'CpuRealtimeRuntime'
    | 'CpusetCpus'
    | 'CpusetMems'
    | 'MemoryReservation'
    | 'MemorySwap'
    | 'MemorySwappiness'
    | 'OomKillDisable'
    | 'PidsLimit'
  >
>;

const cpuPeriodMicros = 100_000;

/** Drops what is undefined; undefined where nothing is left. */
function compact<T extends object>(value: T): T | undefined {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as T);
}

/** The API's 0 and null mean "not limited". */
const set = <T>(value: T | null | undefined): T | undefined => (value ? value : undefined);

function memoryOf(limits: ResourceLimits): OciResources['memory'] {
  const limit = set(limits.Memory);
  const swap = set(limits.MemorySwap);
  const swappiness = limits.MemorySwappiness;
  return compact({
    limit,
    reservation: set(limits.MemoryReservation),
    // Docker's rule: memory without a swap limit may use as much swap again.
    swap: swap ?? (limit === undefined ? undefined : limit * 2),
    swappiness: swappiness === null || swappiness === -1 ? undefined : swappiness,
    disableOOMKiller: set(limits.OomKillDisable),
  });
}

function cpuOf(limits: ResourceLimits): OciResources['cpu'] {
  const nano = set(limits.NanoCpus);
  return compact({
    shares: set(limits.CpuShares),
    quota: nano === undefined ? set(limits.CpuQuota) : Math.round((nano * cpuPeriodMicros) / 1e9),
    period: nano === undefined ? set(limits.CpuPeriod) : cpuPeriodMicros,
    realtimePeriod: set(limits.CpuRealtimePeriod),
    realtimeRuntime: set(limits.CpuRealtimeRuntime),
    cpus: set(limits.CpusetCpus),
    mems: set(limits.CpusetMems),
  });
}

function deviceNumber(path: string): { major: number; minor: number } {
  const { rdev } = statSync(path, { throwIfNoEntry: false }) ?? { rdev: 0 };
  if (rdev === 0) throw invalid(`error gathering device information: no such device: "${path}"`);
  return splitDeviceNumber(rdev);
}

function blockIoOf(limits: ResourceLimits): OciResources['blockIO'] {
  const throttle = (devices: { Path: string; Rate: number }[] | null | undefined) =>
    devices?.length ? devices.map((item) => ({ ...deviceNumber(item.Path), rate: item.Rate })) : undefined;
  const weights = limits.BlkioWeightDevice;
  return compact({
    weight: set(limits.BlkioWeight),
    weightDevice: weights?.length
      ? weights.map((item) => ({ ...deviceNumber(item.Path), weight: item.Weight }))
      : undefined,
    throttleReadBpsDevice: throttle(limits.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttle(limits.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(limits.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttle(limits.BlkioDeviceWriteIOps),
  });
}

/** OCI `linux.resources` without devices. A limit that is 0, null or absent is left out. */
export function toResources(limits: ResourceLimits): OciResources {
  const pids = limits.PidsLimit;
  return (
    compact({
      memory: memoryOf(limits),
      cpu: cpuOf(limits),
      blockIO: blockIoOf(limits),
      pids: pids ? { limit: pids } : undefined,
    }) ?? {}
  );
}

/** What a container may do with device nodes: make any, use the harmless ones and those it was given. */
export function deviceRules(
  devices: readonly (OciDevice & { access?: string })[],
  extraRules: readonly string[],
): OciDeviceRule[] {
  const rules: OciDeviceRule[] = [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', access: 'm' },
    { allow: true, type: 'b', access: 'm' },
  ];
  for (const { type, major, minor, access } of devices) {
    if (type === 'c' || type === 'b')
      rules.push({ allow: true, type, major, minor, access: access ?? 'rwm' });
  }
  return [...rules, ...extraRules.map(parseDeviceRule)];
}

/** `--device-cgroup-rule`: `c 42:* rmw`. Wrong: `invalid`. */
export function parseDeviceRule(text: string): OciDeviceRule {
  const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text);
  if (match === null) throw invalid(`invalid device cgroup rule format: '${text}'`);
  const rule: OciDeviceRule = { allow: true, type: match[1] as 'a' | 'c' | 'b', access: match[4] ?? '' };
  if (match[2] !== '*') rule.major = Number(match[2]);
  if (match[3] !== '*') rule.minor = Number(match[3]);
  return rule;
}

/** Limits a process can be given: nothing above the engine's own hard limits, which cannot be raised. */
export function toRlimits(
  ulimits: readonly Ulimit[],
  hardLimits: Readonly<Record<string, number>>,
): OciRlimit[] {
  return ulimits.map(({ Name, Soft, Hard }) => {
    const type = `RLIMIT_${Name.toUpperCase()}`;
    const bound = hardLimits[type] ?? Number.POSITIVE_INFINITY;
    // -1 is "unlimited", which the runtime reads as an unsigned number.
    const cap = (value: number) =>
      value < 0 && bound === Number.POSITIVE_INFINITY ? -1 : Math.min(value < 0 ? bound : value, bound);
    return { type, soft: cap(Soft), hard: cap(Hard) };
  });
}
