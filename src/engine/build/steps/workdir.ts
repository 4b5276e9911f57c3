// WORKDIR: the directory is made where the image does not have it.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { mountReadOnly } from '#storage/snapshots/read-only.ts';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import { makeLayer } from './layer.ts';
import type { PreparedStep, StageContext } from './step.ts';

/** `path` is absolute. */
export function prepareWorkdir(stage: StageContext, path: string): PreparedStep {
  const { session, state, epoch, fixedTime } = stage;
  return {
    createdBy: `WORKDIR ${path}`,
    inputs: epoch === undefined ? {} : { epoch },
    make: async () => {
      if (existsIn(stage, path)) return null;
      return await makeLayer(session, {
        on: state.chainId,
        write: async (root) => {
          const writer = new TreeWriter(root, {
            fixedTime,
            ...(epoch === undefined ? {} : { latest: epoch }),
          });
          writer.ensureDirectory(path, { uid: 0, gid: 0 });
          writer.finish();
        },
      });
    },
  };
}

function existsIn(stage: StageContext, path: string): boolean {
  const { session, state } = stage;
  if (path === '/') return true;
  if (state.chainId === null) return false;
  const target = mkdtempSync(join(session.runFolder(), 'look-'));
  using root = mountReadOnly(session.room.snapshots.lowersOf(state.chainId), target);
  return lookAt(resolveInRoot(root.path, path))?.isDirectory() === true;
}
