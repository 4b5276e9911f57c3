// One sample of a container's usage, as `GET /containers/{id}/stats` sends it.

interface CpuStats {
  cpu_usage?: { total_usage?: number; percpu_usage?: number[] | null };
  system_cpu_usage?: number;
  online_cpus?: number;
}

/** Times in nanoseconds, amounts in bytes. */
export interface StatsAnswer {
  id?: string;
  name?: string;
  read: string;
  cpu_stats?: CpuStats;
  precpu_stats?: CpuStats;
  memory_stats?: { usage?: number; limit?: number; stats?: Record<string, number> };
  pids_stats?: { current?: number };
  networks?: Record<string, { rx_bytes?: number; tx_bytes?: number }> | null;
  blkio_stats?: { io_service_bytes_recursive?: { op: string; value: number }[] | null };
}

/** Per cent of one processor, since the sample before: 200 where two are busy. */
export function cpuPercentOf(sample: StatsAnswer): number {
  const now = sample.cpu_stats;
  const before = sample.precpu_stats;
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0);
  const passed = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const processors = now?.online_cpus ?? now?.cpu_usage?.percpu_usage?.length ?? 1;
  return used > 0 && passed > 0 ? (used / passed) * processors * 100 : 0;
}

/** Bytes in use without the file cache that can be dropped (both cgroup versions). */
export function memoryUsedOf(sample: StatsAnswer): number {
  const { usage = 0, stats = {} } = sample.memory_stats ?? {};
  const cache = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
  return cache < usage ? usage - cache : usage;
}
