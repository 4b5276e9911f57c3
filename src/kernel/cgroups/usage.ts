// What the processes of a cgroup use: the numbers, whichever version they come from.

export interface BlockEntry {
  major: number;
  minor: number;
  /** `read`, `write`, … in lower case. */
  operation: string;
  value: number;
}

export interface CgroupUsage {
  cpuNanos: number;
  cpuUserNanos: number;
  cpuSystemNanos: number;
  /** Only v1 has it. */
  perCpuNanos?: number[];
  memoryBytes: number;
  /** Infinity where there is no limit. */
  memoryLimitBytes: number;
  memoryMaxUsageBytes?: number;
  memoryFailCount: number;
  /** The file memory.stat as it is. */
  memoryStats: Record<string, number>;
  pidsCurrent: number;
  /** Infinity where there is no limit. */
  pidsLimit: number;
  blockBytes: BlockEntry[];
  blockOperations: BlockEntry[];
  throttling: { periods: number; throttledPeriods: number; throttledNanos: number };
}
