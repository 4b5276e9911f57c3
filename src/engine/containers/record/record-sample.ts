// A plain container record, for tests to vary.
import { zeroTime } from '#shared/notation/time.ts';
import type { ContainerRecord } from './record.ts';

/** A created container on the default network, with the given fields in place of the usual ones. */
export function sampleRecord(fields: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: 'a'.repeat(64),
    name: 'sample',
    createdAt: '2026-01-01T00:00:00.000000000Z',
    imageId: `sha256:${'b'.repeat(64)}`,
    chainId: null,
    platform: 'linux',
    config: { Image: 'busybox' },
    hostConfig: { NetworkMode: 'bridge' },
    path: 'true',
    args: [],
    endpoints: {},
    mounts: [],
    phase: 'created',
    pid: 0,
    exitCode: 0,
    error: '',
    oomKilled: false,
    startedAt: zeroTime,
    finishedAt: zeroTime,
    restartCount: 0,
    stopRequested: false,
    ...fields,
  };
}
