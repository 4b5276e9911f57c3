// Top: the processes of a container.
import { processesIn } from '#kernel/cgroups.ts';
import { processTable } from '#kernel/proc.ts';
import type { TopAnswer } from '#shared/contract/container.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import type { ContainerRecord } from '../record/record.ts';
import type { Room } from '../room.ts';
import { assertRunning } from '../terminate.ts';

/** `psArgs` as for ps(1). Throws `conflict` where the container does not run. */
export async function topOf(room: Room, record: ContainerRecord, psArgs?: string): Promise<TopAnswer> {
  assertRunning(record);
  const path = room.runtime.cgroupPath(record.id, record.hostConfig.CgroupParent || undefined);
  const table = await processTable(processesIn(path), psArgs || '-ef').catch((cause: unknown) => {
    if (!psArgs) throw cause;
    throw invalid(messageOf(cause), { cause });
  });
  return { Titles: table.titles, Processes: table.processes };
}
