// Stats: what a container uses, once or every second.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerStats, readStats } from '#runtime/stats.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';
import type { Room } from '../room.ts';

export interface StatsOptions {
  /** One answer a second until the container goes or `signal` aborts. */
  stream?: boolean;
  /** Do not wait a second to have something to compare with. */
  oneShot?: boolean;
  signal?: AbortSignal;
}

const everyMs = 1_000;

/** Docker's answers. Without `stream` one, with the second before it to compare; a stopped container's is all zero. */
export async function* statsOf(
  room: Room,
  id: string,
  options: StatsOptions,
): AsyncGenerator<ContainerStats> {
  let previous: ContainerStats | undefined;
  for (let first = true; ; first = false) {
    const record = room.store.get(id);
    if (record === undefined) return;
    const reading = read(room, record, previous);
    const compares = !first || options.oneShot === true || !isUp(record);
    if (options.stream === true || compares) yield reading;
    if (options.stream !== true && compares) return;
    previous = reading;
    if (!(await pause(options.signal))) return;
  }
}

function read(room: Room, record: ContainerRecord, previous: ContainerStats | undefined): ContainerStats {
  return readStats({
    id: record.id,
    name: `/${record.name}`,
    pid: isUp(record) ? record.pid : 0,
    cgroupPath: room.runtime.cgroupPath(record.id, record.hostConfig.CgroupParent || undefined),
    previous,
  });
}

async function pause(signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(everyMs, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
