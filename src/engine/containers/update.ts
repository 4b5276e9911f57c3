// Update: new limits and a new restart policy for a container that exists, running or not.
import { availableParallelism } from 'node:os';
import type { HostConfig } from '#shared/contract/container.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import { validateCpu, validateMemory, validateRestartPolicy } from './config/validate.ts';
import { isUp } from './record/record.ts';
import { announce, type Room } from './room.ts';

const limits = [
  'BlkioWeight',
  'CpuShares',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'NanoCpus',
  'PidsLimit',
] as const satisfies readonly (keyof HostConfig)[];

/** The new limits hold when this returns. A field that is absent, 0 or empty stays as it was. */
export async function updateContainer(
  room: Room,
  id: string,
  asked: HostConfig,
): Promise<{ Warnings: string[] | null }> {
  const record = room.store.require(id);
  if (record.phase === 'removing' || record.phase === 'dead') {
    throw invalid(`Cannot update container ${id}: Container is marked for removal and cannot be "update".`);
  }
  const hostConfig: HostConfig = { ...record.hostConfig };
  for (const field of limits) if (asked[field]) Object.assign(hostConfig, { [field]: asked[field] });
  if (asked.RestartPolicy?.Name) {
    validateRestartPolicy(asked.RestartPolicy, record.hostConfig.AutoRemove === true);
    hostConfig.RestartPolicy = asked.RestartPolicy;
  }
  validateMemory(hostConfig);
  validateCpu(hostConfig, { cpus: availableParallelism() });
  if (isUp(record)) await room.runtime.update(id, hostConfig).catch((thrown) => refuse(id, thrown));
  announce(room, room.store.update(id, { hostConfig }), 'update');
  return { Warnings: null };
}

/** Of what passed our own checks, the kernel refuses values only. */
function refuse(id: string, cause: unknown): never {
  throw invalid(`Cannot update container ${id}: ${messageOf(cause)}`, { cause });
}
