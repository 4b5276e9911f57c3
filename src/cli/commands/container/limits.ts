// Limits of CPU, memory, devices and processes, from flags.
import { readFlag } from '#cli/commands/container/flag-text.ts';
import { BadFlag } from '#cli/failure.ts';
import type { HostConfig, Ulimit } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { parseBytes } from '#shared/notation/size.ts';

type One = string | undefined;

/** The flags that `update` has too. */
export interface ResourceValues {
  'blkio-weight': One;
  'cpu-period': One;
  'cpu-quota': One;
  'cpu-rt-period': One;
  'cpu-rt-runtime': One;
  'cpu-shares': One;
  cpus: One;
  'cpuset-cpus': One;
  'cpuset-mems': One;
  memory: One;
  'memory-reservation': One;
  'memory-swap': One;
  'pids-limit': One;
}

export interface LimitValues extends ResourceValues {
  'memory-swappiness': One;
  'oom-score-adj': One;
  'shm-size': One;
  'blkio-weight-device': string[];
  'device-read-bps': string[];
  'device-write-bps': string[];
  'device-read-iops': string[];
  'device-write-iops': string[];
  'device-cgroup-rule': string[];
  device: string[];
  ulimit: string[];
}

const bytesOrUnlimited = (text: string): number => (text === '-1' ? -1 : parseBytes(text));

/** Only what was given. Throws `invalid`. */
export function resourcesOf(flags: ResourceValues): Partial<HostConfig> {
  const found: Partial<HostConfig> = {};
  const take = (field: keyof HostConfig, value: One, parse: (text: string) => number | string) => {
    if (value !== undefined) Object.assign(found, { [field]: parse(value) });
  };
  take('BlkioWeight', flags['blkio-weight'], wholeNumber('--blkio-weight'));
  take('CpuPeriod', flags['cpu-period'], wholeNumber('--cpu-period'));
  take('CpuQuota', flags['cpu-quota'], wholeNumber('--cpu-quota'));
  take('CpuRealtimePeriod', flags['cpu-rt-period'], wholeNumber('--cpu-rt-period'));
  take('CpuRealtimeRuntime', flags['cpu-rt-runtime'], wholeNumber('--cpu-rt-runtime'));
  take('CpuShares', flags['cpu-shares'], wholeNumber('--cpu-shares'));
  take('NanoCpus', flags.cpus, nanoCpus);
  take('CpusetCpus', flags['cpuset-cpus'], String);
  take('CpusetMems', flags['cpuset-mems'], String);
  take('Memory', flags.memory, (text) => readFlag('-m, --memory', text, parseBytes));
  take('MemoryReservation', flags['memory-reservation'], (text) =>
    readFlag('--memory-reservation', text, parseBytes),
  );
  take('MemorySwap', flags['memory-swap'], (text) => readFlag('--memory-swap', text, bytesOrUnlimited));
  take('PidsLimit', flags['pids-limit'], wholeNumber('--pids-limit'));
  return found;
}

/** Only what was given. Throws `invalid`. */
export function limitsOf(flags: LimitValues): Partial<HostConfig> {
  // What Docker's own sends where nothing is asked for.
  const found: Partial<HostConfig> = { PidsLimit: 0, ...resourcesOf(flags) };
  found.MemorySwappiness = wholeNumber('--memory-swappiness')(flags['memory-swappiness'] ?? '-1');
  if (flags['oom-score-adj'] !== undefined)
    found.OomScoreAdj = wholeNumber('--oom-score-adj')(flags['oom-score-adj']);
  if (flags['shm-size'] !== undefined) found.ShmSize = readFlag('--shm-size', flags['shm-size'], parseBytes);
  found.Devices = flags.device.map(deviceOf);
  if (flags['device-cgroup-rule'].length > 0) found.DeviceCgroupRules = flags['device-cgroup-rule'];
  found.Ulimits = ulimitsOf(flags.ulimit);
  found.BlkioWeightDevice = flags['blkio-weight-device'].map((text) => ({
    Path: splitLast(text)[0],
    Weight: wholeNumber('--blkio-weight-device')(splitLast(text)[1]),
  }));
  const rates = (texts: string[], parse: (text: string) => number) =>
    texts.map((text) => ({ Path: splitLast(text)[0], Rate: parse(splitLast(text)[1]) }));
  found.BlkioDeviceReadBps = rates(flags['device-read-bps'], parseBytes);
  found.BlkioDeviceWriteBps = rates(flags['device-write-bps'], parseBytes);
  found.BlkioDeviceReadIOps = rates(flags['device-read-iops'], wholeNumber('--device-read-iops'));
  found.BlkioDeviceWriteIOps = rates(flags['device-write-iops'], wholeNumber('--device-write-iops'));
  return found;
}

function wholeNumber(flag: string): (text: string) => number {
  return (text) => {
    if (/^-?\d{1,15}$/.test(text)) return Number(text);
    throw new BadFlag(`invalid argument ${JSON.stringify(text)} for "${flag}" flag: expected a whole number`);
  };
}

function nanoCpus(text: string): number {
  if (!/^\d{0,6}(?:\.\d{1,9})?$/.test(text) || text === '') {
    throw invalid(
      `invalid argument ${JSON.stringify(text)} for "--cpus" flag: failed to parse ${text} as a rational number`,
    );
  }
  return Math.round(Number(text) * 1e9);
}

function splitLast(text: string): [path: string, value: string] {
  const colon = text.lastIndexOf(':');
  if (colon <= 0 || !text.startsWith('/dev/'))
    throw invalid(`bad format for path: ${text}`, { hint: 'it looks like /dev/sda:1mb' });
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function deviceOf(text: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [host = '', second, third, ...more] = text.split(':');
  const isRights = (word: string) => /^[rwm]{1,3}$/.test(word);
  if (host === '' || more.length > 0 || (third !== undefined && !isRights(third))) {
    throw invalid(`invalid device specification: ${text}`, {
      hint: 'it looks like /dev/fuse or /dev/sda:/dev/xvda:r',
    });
  }
  if (second !== undefined && third === undefined && isRights(second)) {
    return { PathOnHost: host, PathInContainer: host, CgroupPermissions: second };
  }
  return { PathOnHost: host, PathInContainer: second ?? host, CgroupPermissions: third ?? 'rwm' };
}

const ulimitNames =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );

/** `--ulimit`, in the order of their names. Throws `invalid`. */
export function ulimitsOf(texts: readonly string[]): Ulimit[] {
  return texts.map((text) => readFlag('--ulimit', text, ulimitOf)).sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

function ulimitOf(text: string): Ulimit {
  const match = /^([a-z]+)=(-?\d{1,19})(?::(-?\d{1,19}))?$/.exec(text);
  if (match === null)
    throw invalid(`invalid ulimit argument: ${text}`, { hint: 'it looks like nofile=1024:2048' });
  if (!ulimitNames.includes(match[1] ?? '')) throw invalid(`invalid ulimit type: ${match[1]}`);
  const soft = Number(match[2]);
  const hard = match[3] === undefined ? soft : Number(match[3]);
  if (hard !== -1 && soft > hard)
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { Name: match[1] ?? '', Soft: soft, Hard: hard };
}
