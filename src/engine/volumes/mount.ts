// Volumes that are a mount of their own: tmpfs, a bound folder, a network share.
import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { isMountPoint, unmountUnder } from '#kernel/mounts.ts';
import { run } from '#kernel/spawn.ts';
import { invalid, notFound } from '#shared/errors.ts';
import { dataOf, dirOf } from './inspect.ts';
import { hintFor, mountRequestOf } from './mount-request.ts';
import type { VolumeRecord } from './record.ts';
import type { VolumeRoom } from './room.ts';

/** How long a server may take to answer. */
export const usualMountTimeoutMs = 60_000;

/** Afterwards the volume's data are at its path, which comes back; plain volumes need nothing for that. */
export async function mountVolume(room: VolumeRoom, record: VolumeRecord): Promise<string> {
  const path = dataOf(room, record.name);
  const request = mountRequestOf(record.options);
  if (!existsSync(path)) {
    throw notFound(`get ${record.name}: the folder of the volume is gone: ${path}`, {
      hint: `Its data were removed behind the engine. Put the folder back, or begin anew: wharf volume rm ${record.name}`,
    });
  }
  if (request === undefined || isMountPoint(path)) return path;
  const { type, device, options, serverName } = request;
  if (serverName !== undefined) await assertResolvable(serverName, path);
  // mount(8) and not mount(2): network filesystems need their helper. timeout(1) ends that, too, where a server is silent.
  const seconds = room.mountTimeoutMs / 1000;
  const mount = ['mount', '-t', type, ...(options === '' ? [] : ['-o', options]), device, path];
  const result = await run('timeout', ['-s', 'KILL', String(seconds), ...mount]);
  if (result.code === 0) return path;
  const isLate = result.code === 137 || result.signal !== null;
  const said = result.stderr.toString('utf8').trim();
  const words = isLate ? `no answer within ${seconds} seconds` : said;
  throw invalid(`error while mounting volume '${path}': failed to mount local volume: ${words}`, {
    hint: hintFor(request, said),
  });
}

// The helpers' own words for it are those of a passing trouble.
async function assertResolvable(name: string, path: string): Promise<void> {
  try {
    await lookup(name);
  } catch (cause) {
    const what = `error resolving passed in network volume address: lookup ${name}: no such host`;
    throw invalid(`error while mounting volume '${path}': ${what}`, { cause });
  }
}

/** The volume is a mount of its own, and not a folder of the engine's. */
export function isMountedVolume({ options }: VolumeRecord): boolean {
  return mountRequestOf(options) !== undefined;
}

/** Afterwards nothing is mounted in the volume. */
export function unmountVolume(room: VolumeRoom, name: string): void {
  unmountUnder(dirOf(room, name));
}
