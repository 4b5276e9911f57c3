// The files of a stage or an image, for those who copy from it.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '#shared/oci/digest.ts';
import { mountReadOnly, type ReadOnlyMount } from '#storage/snapshots/read-only.ts';
import type { BuildSession } from '../session.ts';
import { stackFiles } from '../tree/stack-files.ts';
import type { MountedTree } from './step.ts';

/** Read where they lie, layer by layer: to mount and unmount takes longer than to copy a few. The build holds them. */
export function layersTree(session: BuildSession, chainId: Digest | null): MountedTree {
  const lowers = session.room.snapshots.lowersOf(chainId);
  let mounted: ReadOnlyMount | undefined;
  const folder = (): string => {
    mounted ??= mountReadOnly(lowers, mkdtempSync(join(session.runFolder(), 'from-')));
    return mounted.path;
  };
  const tree = {
    root: '/',
    files: stackFiles(lowers),
    excludes: () => false,
    prunes: true,
    identity: String(chainId),
  };
  return { tree, folder, release: () => mounted?.[Symbol.dispose]() };
}
