// Usage of a cgroup on v2, where one directory has everything (kernel documentation, cgroup-v2).
import { join } from 'node:path';
import { readNumber, readPairs, readText } from './files.ts';
import type { BlockEntry, CgroupUsage } from './usage.ts';

/** Reads the usage of the cgroup at `dir`. What a missing controller would say reads as zero. */
export function readUsageV2(dir: string): CgroupUsage {
  const cpu = readPairs(join(dir, 'cpu.stat'));
  const events = readPairs(join(dir, 'memory.events'));
  const block = (readText(join(dir, 'io.stat')) ?? '').split('\n');
  const peak = readNumber(join(dir, 'memory.peak'));
  const nanos = (key: string): number => (cpu[key] ?? 0) * 1000;
  return {
    cpuNanos: nanos('usage_usec'),
    cpuUserNanos: nanos('user_usec'),
    cpuSystemNanos: nanos('system_usec'),
    memoryBytes: readNumber(join(dir, 'memory.current')) ?? 0,
    memoryLimitBytes: readNumber(join(dir, 'memory.max')) ?? Number.POSITIVE_INFINITY,
    ...(peak === undefined ? {} : { memoryMaxUsageBytes: peak }),
    memoryFailCount: events['max'] ?? 0,
    memoryStats: readPairs(join(dir, 'memory.stat')),
    pidsCurrent: readNumber(join(dir, 'pids.current')) ?? 0,
    pidsLimit: readNumber(join(dir, 'pids.max')) ?? Number.POSITIVE_INFINITY,
    blockBytes: block.flatMap((line) => entriesOf(line, { rbytes: 'read', wbytes: 'write' })),
    blockOperations: block.flatMap((line) => entriesOf(line, { rios: 'read', wios: 'write' })),
    throttling: {
      periods: cpu['nr_periods'] ?? 0,
      throttledPeriods: cpu['nr_throttled'] ?? 0,
      throttledNanos: nanos('throttled_usec'),
    },
  };
}

// A line is `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`.
function entriesOf(line: string, wanted: Record<string, string>): BlockEntry[] {
  const [device = '', ...words] = line.split(' ');
  const [major, minor] = device.split(':');
  if (minor === undefined) return [];
  return words.flatMap((word) => {
    const [key = '', value = ''] = word.split('=');
    const operation = wanted[key];
    if (operation === undefined) return [];
    return [{ major: Number(major), minor: Number(minor), operation, value: Number(value) }];
  });
}
