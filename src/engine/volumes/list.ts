// Volumes as the API lists them.
import type { VolumeInspect } from '#shared/contract/volume.ts';
import { type Filters, filterKeysOnly, flagOf, matchLabel, matchPattern } from '#shared/notation/filter.ts';
import { inspectOf } from './inspect.ts';
import type { VolumeRoom } from './room.ts';
import { usersOf } from './users.ts';

/** The volumes that `filters` choose, by name. Throws `invalid` for an unknown filter. */
export function listVolumes(room: VolumeRoom, filters: Filters): VolumeInspect[] {
  filterKeysOnly(filters, ['dangling', 'driver', 'label', 'name']);
  const dangling = flagOf(filters, 'dangling');
  const names = filters.get('name') ?? [];
  const drivers = filters.get('driver') ?? [];
  return room.records.all().flatMap(({ value }) => {
    const wanted =
      (dangling === undefined || dangling === (usersOf(room, value.name).length === 0)) &&
      (drivers.length === 0 || drivers.includes('local')) &&
      (names.length === 0 || names.some((name) => matchPattern(value.name, name))) &&
      matchLabel(value.labels, filters.get('label'));
    return wanted ? [inspectOf(room, value)] : [];
  });
}
