// Create: a volume's folder and record.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { VolumeCreateRequest } from '#shared/contract/volume.ts';
import { conflict, invalid, notFound, unsupported } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { newId } from '#shared/notation/id.ts';
import { assertName } from '#shared/notation/name.ts';
import { parseBytes } from '#shared/notation/size.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { dataOf, dirOf } from './inspect.ts';
import { anonymousLabel, trashPrefix, type VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';

/** Afterwards the volume exists; one that was there already stays as it is. Without a name it gets a random one. */
export function createVolume(room: VolumeRoom, request: VolumeCreateRequest): VolumeRecord {
  const record = plan(request);
  const found = room.records.get(record.name);
  if (found !== undefined) return found;
  assertOptions(record.name, record.options ?? {});
  // A folder without a record is nobody's; a record without its folder would be a lie.
  makeFolders(mkdirSync, dataOf(room, record.name), 0o755);
  return remember(room, record);
}

/**
 * Afterwards the volume exists with what `fill` put into the folder that it is given; where that fails, nothing does,
 * and nobody has seen it in between. Throws `conflict` where there is a volume of that name.
 */
export async function createFilled(
  room: VolumeRoom,
  request: VolumeCreateRequest & { Name: string },
  fill: (dir: string) => Promise<void>,
): Promise<VolumeRecord> {
  assertName('volume', request.Name);
  const record = plan(request);
  const dir = dirOf(room, record.name);
  if (room.records.get(record.name) !== undefined) {
    throw conflict(`create ${record.name}: a volume of that name already exists`, {
      hint: 'Choose another name, or remove that one first.',
    });
  }
  if (existsSync(dir)) {
    throw conflict(
      `create ${record.name}: there is a folder of that name, of no volume that is known: ${dir}`,
      {
        hint: `Move it away, or make it a volume again: wharf volume create ${record.name}`,
      },
    );
  }
  // By that name the next engine removes it, should this one not come to the end.
  const aside = join(room.dir, `${trashPrefix}${newId()}`);
  const data = join(aside, '_data');
  makeFolders(mkdirSync, data, 0o755);
  try {
    await fill(data);
    // The intent comes first: `finishArrivals` goes on from wherever this ends.
    room.records.put(record.name, { ...record, arriving: true });
    renameSync(aside, dir);
  } catch (thrown) {
    room.records.delete(record.name);
    rmSync(aside, { recursive: true, force: true });
    throw thrown;
  }
  return remember(room, record);
}

/** After a crash: a volume whose filled folder was about to come is there with it, or not at all. */
export function finishArrivals(room: VolumeRoom): void {
  for (const { id, value } of room.records.all()) {
    if (value.arriving !== true) continue;
    const { arriving: _, ...record } = value;
    if (existsSync(dirOf(room, id))) room.records.put(id, record);
    else room.records.delete(id);
  }
}

function plan(request: VolumeCreateRequest): VolumeRecord {
  const name = request.Name || newId();
  assertName('volume', name);
  const driver = request.Driver || 'local';
  if (driver !== 'local') {
    throw notFound(`create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`, {
      hint: 'The volume driver here is local.',
    });
  }
  const options = request.DriverOpts ?? {};
  const labels = { ...request.Labels, ...(request.Name ? {} : { [anonymousLabel]: '' }) };
  return {
    name,
    createdAt: nowRfc3339Nano(),
    labels: Object.keys(labels).length === 0 ? null : labels,
    options: Object.keys(options).length === 0 ? null : options,
  };
}

function remember(room: VolumeRoom, record: VolumeRecord): VolumeRecord {
  room.records.put(record.name, record);
  room.events.emit('volume', 'create', record.name, { driver: 'local' });
  return record;
}

const known = new Set(['type', 'device', 'o', 'size']);

function assertOptions(name: string, options: Record<string, string>): void {
  const hint = 'The options are type, device and o, as of mount(8).';
  for (const key of Object.keys(options)) {
    if (!known.has(key)) throw invalid(`create ${name}: invalid option: "${key}"`, { hint });
  }
  const isMount = ['device', 'type', 'o'].some((key) => options[key] !== undefined);
  for (const key of ['device', 'type']) {
    if (isMount && options[key] === undefined)
      throw invalid(`create ${name}: missing required option: "${key}"`, { hint });
  }
  if (options['size'] === undefined) return;
  parseBytes(options['size']);
  // Who asks for a limit counts on it.
  throw unsupported(`create ${name}: quota size requested but no quota support`, {
    hint: 'A volume in memory can have one: -o type=tmpfs -o device=tmpfs -o o=size=100m.',
  });
}
