// Prune: removes every container that does not run.
import { isKind } from '#shared/errors.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';
import { type Filters, filterKeysOnly, matchLabel } from '#shared/notation/filter.ts';
import type { ContainerRecord } from './record/record.ts';
import { removeContainer } from './remove.ts';
import type { Room } from './room.ts';

/** What was removed, and the bytes that its writable layers had. */
export async function pruneContainers(
  room: Room,
  filters: Filters,
): Promise<{ ContainersDeleted: string[]; SpaceReclaimed: number }> {
  filterKeysOnly(filters, ['label', 'label!', 'until']);
  const answer = { ContainersDeleted: [] as string[], SpaceReclaimed: 0 };
  for (const record of room.store.all().filter((each) => isPrunable(each, filters))) {
    const { sizeBytes } = await room.snapshots.usage(record.id).catch(() => ({ sizeBytes: 0 }));
    try {
      await room.locks.run(record.id, () => removeContainer(room, record.id, {}));
    } catch (thrown) {
      // It was started or removed by somebody else meanwhile.
      if (!isKind(thrown, 'conflict', 'not-found')) throw thrown;
      continue;
    }
    answer.ContainersDeleted.push(record.id);
    answer.SpaceReclaimed += sizeBytes;
  }
  return answer;
}

function isPrunable(record: ContainerRecord, filters: Filters): boolean {
  if (record.phase !== 'exited' && record.phase !== 'created' && record.phase !== 'dead') return false;
  const labels = record.config.Labels;
  if (!matchLabel(labels, filters.get('label'))) return false;
  if ((filters.get('label!') ?? []).some((wanted) => matchLabel(labels, [wanted]))) return false;
  return (filters.get('until') ?? []).every(
    (text) => Date.parse(record.createdAt) / 1000 < parseTimestamp(text, Date.now()).seconds,
  );
}
