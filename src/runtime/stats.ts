// What a container uses, in the shape of Docker's stats answer.
import { readFileSync } from 'node:fs';
import { type CgroupUsage, cgroupMode, readUsage, systemCpuNanos } from '#kernel/cgroups.ts';
import { type NetworkCounters, networkCounters } from '#kernel/proc.ts';

export interface CpuStats {
  /** Nanoseconds. */
  cpu_usage: {
    total_usage: number;
    percpu_usage?: number[];
    usage_in_kernelmode: number;
    usage_in_usermode: number;
  };
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

interface BlockRow {
  major: number;
  minor: number;
  op: string;
  value: number;
}

export interface NetworkStats {
  rx_bytes: number;
  rx_packets: number;
  rx_errors: number;
  rx_dropped: number;
  tx_bytes: number;
  tx_packets: number;
  tx_errors: number;
  tx_dropped: number;
}

/** Lists that the kernel gives nothing for any more are told too, as Docker does. */
export interface BlockStats {
  io_service_bytes_recursive: BlockRow[] | null;
  io_serviced_recursive: BlockRow[] | null;
  io_queue_recursive: BlockRow[] | null;
  io_service_time_recursive: BlockRow[] | null;
  io_wait_time_recursive: BlockRow[] | null;
  io_merged_recursive: BlockRow[] | null;
  io_time_recursive: BlockRow[] | null;
  sectors_recursive: BlockRow[] | null;
}

/** Answer of `GET /containers/{id}/stats`. Bytes and nanoseconds. */
export interface ContainerStats {
  name: string;
  id: string;
  read: string;
  preread: string;
  num_procs: number;
  storage_stats: object;
  pids_stats: { current?: number; limit?: number };
  blkio_stats: BlockStats;
  cpu_stats: CpuStats;
  precpu_stats: CpuStats;
  memory_stats: {
    usage?: number;
    max_usage?: number;
    failcnt?: number;
    limit?: number;
    stats?: Record<string, number>;
  };
  networks?: Record<string, NetworkStats>;
}

export interface StatsRequest {
  id: string;
  /** With its leading slash. */
  name: string;
  /** Of the container's first process; 0: it does not run, and everything is zero. */
  pid: number;
  /** `Runtime.cgroupPath(id)`. */
  cgroupPath: string;
  /** The answer before this one: becomes the `pre` half. */
  previous?: ContainerStats | undefined;
}

const never = '0001-01-01T00:00:00Z';
const emptyCpu: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

let hostMemory: number | undefined;
function hostMemoryBytes(): number {
  const total = () =>
    Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
  hostMemory ??= total();
  return hostMemory;
}

function onlineCpus(): number {
  return (readFileSync('/proc/stat', 'utf8').match(/^cpu\d+ /gm) ?? []).length;
}

function toCpu(usage: CgroupUsage): CpuStats {
  const { throttling, perCpuNanos } = usage;
  return {
    cpu_usage: {
      total_usage: usage.cpuNanos,
      ...(perCpuNanos === undefined ? {} : { percpu_usage: perCpuNanos }),
      usage_in_kernelmode: usage.cpuSystemNanos,
      usage_in_usermode: usage.cpuUserNanos,
    },
    system_cpu_usage: systemCpuNanos(),
    online_cpus: onlineCpus(),
    throttling_data: {
      periods: throttling.periods,
      throttled_periods: throttling.throttledPeriods,
      throttled_time: throttling.throttledNanos,
    },
  };
}

function toMemory(usage: CgroupUsage): ContainerStats['memory_stats'] {
  const unified = cgroupMode() === 'v2';
  return {
    usage: usage.memoryBytes,
    // The unified hierarchy has neither.
    ...(unified ? {} : { max_usage: usage.memoryMaxUsageBytes ?? 0, failcnt: usage.memoryFailCount }),
    // Without a limit of its own it may use all of the host's memory.
    limit: Math.min(usage.memoryLimitBytes, hostMemoryBytes()),
    stats: usage.memoryStats,
  };
}

const noBlockStats = (none: [] | null): BlockStats => ({
  io_service_bytes_recursive: none,
  io_serviced_recursive: none,
  io_queue_recursive: none,
  io_service_time_recursive: none,
  io_wait_time_recursive: none,
  io_merged_recursive: none,
  io_time_recursive: none,
  sectors_recursive: none,
});

/** Nothing read or written yet is an empty list where cgroups are v1, and none where they are v2. */
function toBlockStats(usage: CgroupUsage): BlockStats {
  const none: [] | null = cgroupMode() === 'v2' ? null : [];
  return {
    ...noBlockStats(none),
    io_service_bytes_recursive: toBlockRows(usage.blockBytes) ?? none,
    io_serviced_recursive: toBlockRows(usage.blockOperations) ?? none,
  };
}

function toBlockRows(entries: CgroupUsage['blockBytes']): BlockRow[] | null {
  if (entries.length === 0) return null;
  return entries.map(({ major, minor, operation, value }) => ({ major, minor, op: operation, value }));
}

/** Network counters by link, under the API's names. */
export function toNetworkStats(counters: Record<string, NetworkCounters>): Record<string, NetworkStats> {
  const rows = Object.entries(counters).map(([name, link]): [string, NetworkStats] => [
    name,
    {
      rx_bytes: link.rxBytes,
      rx_packets: link.rxPackets,
      rx_errors: link.rxErrors,
      rx_dropped: link.rxDropped,
      tx_bytes: link.txBytes,
      tx_packets: link.txPackets,
      tx_errors: link.txErrors,
      tx_dropped: link.txDropped,
    },
  ]);
  return Object.fromEntries(rows);
}

/** One reading. For percentages give the reading before it. */
export function readStats(request: StatsRequest): ContainerStats {
  const { id, name, pid, previous } = request;
  const common = {
    name,
    id,
    read: new Date().toISOString(),
    preread: previous?.read ?? never,
    num_procs: 0,
    storage_stats: {},
    precpu_stats: previous?.cpu_stats ?? emptyCpu,
  };
  if (pid === 0) {
    return {
      ...common,
      read: never,
      pids_stats: {},
      blkio_stats: noBlockStats(null),
      cpu_stats: emptyCpu,
      memory_stats: {},
    };
  }
  const usage = readUsage(request.cgroupPath);
  const networks = toNetworkStats(networkCounters(pid));
  return {
    ...common,
    pids_stats: {
      current: usage.pidsCurrent,
      ...(Number.isFinite(usage.pidsLimit) ? { limit: usage.pidsLimit } : {}),
    },
    blkio_stats: toBlockStats(usage),
    cpu_stats: toCpu(usage),
    memory_stats: toMemory(usage),
    ...(Object.keys(networks).length === 0 ? {} : { networks }),
  };
}
