// Files that are granted to a container: they lie beside its own, and are mounted into it when it starts.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import type { OciMount } from '#runtime/oci-spec.ts';
import { conflict } from '#shared/errors.ts';
import { extractTree } from '#storage/archive/archive.ts';
import type { ContainerRecord } from '../record/record.ts';
import { type ContainerPaths, pathsOf, type Room } from '../room.ts';

export interface GrantOptions {
  /** A tar: its files' names are their places in the container; owners and modes are kept. */
  stream: Readable;
  signal?: AbortSignal;
}

/** Files on their way in. */
const partOf = (granted: string): string => `${granted}.part`;
/** The files of before, while others take their place. */
const formerOf = (granted: string): string => `${granted}.former`;

/**
 * Afterwards the container has these files, and no others that were granted before, each time it starts: read-only, above
 * whatever else is mounted there, in a read-only root, too. No image is made of them. Whenever the engine is killed
 * meanwhile, it has all of those or all of these once `settleGranted` was called. Throws `conflict` where it runs.
 */
export async function grantFiles(room: Room, record: ContainerRecord, options: GrantOptions): Promise<void> {
  if (record.phase !== 'created' && record.phase !== 'exited')
    throw conflict(`cannot grant files to container ${record.name}: it is ${record.phase}`);
  const { granted } = pathsOf(room, record.id);
  settleGranted(granted);
  const half = partOf(granted);
  mkdirSync(half, { mode: 0o700 });
  const { stream, signal } = options;
  try {
    await extractTree({ stream, root: half, into: '/', ...(signal === undefined ? {} : { signal }) });
  } catch (thrown) {
    // It may hold half a secret.
    rmSync(half, { recursive: true, force: true });
    throw thrown;
  }
  const former = formerOf(granted);
  if (existsSync(granted)) renameSync(granted, former);
  renameSync(half, granted);
  rmSync(former, { recursive: true, force: true });
}

/**
 * What a grant that was cut off left is put right: the container has the files of before, or the new ones, and no half
 * of them, nor any that it has no more, stays on the disk.
 */
export function settleGranted(granted: string): void {
  const former = formerOf(granted);
  if (existsSync(former) && !existsSync(granted)) renameSync(former, granted);
  rmSync(former, { recursive: true, force: true });
  rmSync(partOf(granted), { recursive: true, force: true });
}

/** One mount a file; none for most containers. */
export function grantedMounts({ granted }: ContainerPaths): OciMount[] {
  return filesBelow(granted).map((source) => ({
    destination: `/${relative(granted, source)}`,
    source,
    type: 'bind',
    options: ['rbind', 'rprivate', 'ro'],
  }));
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
