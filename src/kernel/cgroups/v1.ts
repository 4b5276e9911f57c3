// Usage and life of a cgroup on v1, where each controller has a directory of its own.
import { join } from 'node:path';
import { readNumber, readPairs, readText } from './files.ts';
import type { BlockEntry, CgroupUsage } from './usage.ts';

// The kernel says "no limit" as the largest page-aligned number.
const noLimit = 0x7ffffffffffff000;

/** Reads the usage from the directory of each controller (`cpuacct` → path). Missing controllers read as zero. */
export function readUsageV1(dirs: Map<string, string>): CgroupUsage {
  const file = (controller: string, name: string): string =>
    join(dirs.get(controller) ?? '/nonexistent', name);
  const number = (controller: string, name: string): number => readNumber(file(controller, name)) ?? 0;
  const ticks = readPairs(file('cpuacct', 'cpuacct.stat'));
  const throttle = readPairs(file('cpu', 'cpu.stat'));
  const limit = readNumber(file('memory', 'memory.limit_in_bytes')) ?? noLimit;
  return {
    cpuNanos: number('cpuacct', 'cpuacct.usage'),
    // One tick of USER_HZ is 10 ms on every Linux.
    cpuUserNanos: (ticks['user'] ?? 0) * 10_000_000,
    cpuSystemNanos: (ticks['system'] ?? 0) * 10_000_000,
    perCpuNanos: (readText(file('cpuacct', 'cpuacct.usage_percpu')) ?? '')
      .split(' ')
      .filter(Boolean)
      .map(Number),
    memoryBytes: number('memory', 'memory.usage_in_bytes'),
    memoryLimitBytes: limit >= noLimit ? Number.POSITIVE_INFINITY : limit,
    memoryMaxUsageBytes: number('memory', 'memory.max_usage_in_bytes'),
    memoryFailCount: number('memory', 'memory.failcnt'),
    memoryStats: readPairs(file('memory', 'memory.stat')),
    pidsCurrent: number('pids', 'pids.current'),
    pidsLimit: readNumber(file('pids', 'pids.max')) ?? Number.POSITIVE_INFINITY,
    blockBytes: blockEntries(readText(file('blkio', 'blkio.throttle.io_service_bytes')) ?? ''),
    blockOperations: blockEntries(readText(file('blkio', 'blkio.throttle.io_serviced')) ?? ''),
    throttling: {
      periods: throttle['nr_periods'] ?? 0,
      throttledPeriods: throttle['nr_throttled'] ?? 0,
      throttledNanos: throttle['throttled_time'] ?? 0,
    },
  };
}

// Lines are `8:0 Read 4096`; a last line `Total N` has no device.
function blockEntries(text: string): BlockEntry[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', operation, value] = line.split(' ');
    const [major, minor] = device.split(':');
    if (operation === undefined || value === undefined || minor === undefined) return [];
    return [
      {
        major: Number(major),
        minor: Number(minor),
        operation: operation.toLowerCase(),
        value: Number(value),
      },
    ];
  });
}
