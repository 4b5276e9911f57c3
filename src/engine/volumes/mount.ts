// Volumes that are a mount of their own: tmpfs, a bound folder, a network share.
import { existsSync } from 'node:fs';
import { isMountPoint, unmountUnder } from '#kernel/mounts.ts';
import { run } from '#kernel/spawn.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { dataOf, dirOf } from './inspect.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';

const mountTimeoutMs = 60_000;

/** Afterwards the volume's data are at its path, which comes back; plain volumes need nothing for that. */
export async function mountVolume(room: VolumeRoom, record: VolumeRecord): Promise<string> {
  const path = dataOf(room, record.name);
  const device = record.options?.['device'];
  if (!existsSync(path)) {
    throw notFound(`get ${record.name}: the folder of the volume is gone: ${path}`, {
      hint: `Its data were removed behind the engine. Put the folder back, or begin anew: wharf volume rm ${record.name}`,
    });
  }
  if (device === undefined || isMountPoint(path)) return path;
  const { type = 'none', o = '' } = record.options ?? {};
  // mount(8) and not mount(2): network filesystems need their helper, and may take long.
  const args = ['-t', type, ...(o === '' ? [] : ['-o', o]), device, path];
  const result = await run('mount', args, { timeoutMs: mountTimeoutMs });
  if (result.code === 0) return path;
  const words = result.stderr.toString('utf8').trim() || 'no answer in time';
  throw invalid(`error while mounting volume '${path}': failed to mount local volume: ${words}`, {
    hint: `The options of volume ${record.name}: type=${type} device=${device} o=${o}`,
  });
}

/** Afterwards nothing is mounted in the volume. */
export function unmountVolume(room: VolumeRoom, name: string): void {
  unmountUnder(dirOf(room, name));
}
