// Create: a volume's folder and record.
import { mkdirSync } from 'node:fs';
import type { VolumeCreateRequest } from '#shared/contract/volume.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { newId } from '#shared/notation/id.ts';
import { assertName } from '#shared/notation/name.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { dataOf } from './inspect.ts';
import { anonymousLabel, type VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';

/** Afterwards the volume exists; one that was there already stays as it is. Without a name it gets a random one. */
export function createVolume(room: VolumeRoom, request: VolumeCreateRequest): VolumeRecord {
  const name = request.Name || newId();
  assertName('volume', name);
  const driver = request.Driver || 'local';
  if (driver !== 'local') {
    throw notFound(`create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`, {
      hint: 'The volume driver here is local.',
    });
  }
  const found = room.records.get(name);
  if (found !== undefined) return found;
  const options = request.DriverOpts ?? {};
  assertOptions(name, options);
  const labels = { ...request.Labels, ...(request.Name ? {} : { [anonymousLabel]: '' }) };
  const record: VolumeRecord = {
    name,
    createdAt: nowRfc3339Nano(),
    labels: Object.keys(labels).length === 0 ? null : labels,
    options: Object.keys(options).length === 0 ? null : options,
  };
  // A folder without a record is nobody's; a record without its folder would be a lie.
  mkdirSync(dataOf(room, name), { recursive: true, mode: 0o755 });
  room.records.put(name, record);
  room.events.emit('volume', 'create', name, { driver: 'local' });
  return record;
}

const known = new Set(['type', 'device', 'o', 'size']);

function assertOptions(name: string, options: Record<string, string>): void {
  const hint = 'The options are type, device, o and size, as of mount(8).';
  for (const key of Object.keys(options)) {
    if (!known.has(key)) throw invalid(`create ${name}: invalid option: "${key}"`, { hint });
  }
  if (options['type'] !== undefined && options['device'] === undefined) {
    throw invalid(`create ${name}: missing required option: "device"`, { hint });
  }
  if (options['o'] !== undefined && options['type'] === undefined && options['device'] === undefined) {
    throw invalid(`create ${name}: missing required option: "type"`, { hint });
  }
}
