// WORKDIR: the directory is made where the image does not have it.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { resolveUser } from '#runtime/users.ts';
import { mountReadOnly } from '#storage/snapshots/read-only.ts';
import { lookAt, resolveInRoot } from '../tree/in-root.ts';
import type { Owner } from '../tree/owner.ts';
import { TreeWriter } from '../tree/tree-writer.ts';
import { makeLayer } from './layer.ts';
import type { PreparedStep, StageContext } from './step.ts';

/** `path` is absolute. */
export function prepareWorkdir(stage: StageContext, path: string): PreparedStep {
  const { session, state, epoch, fixedTime } = stage;
  const { User: user = '' } = state.config;
  const owned = user === '' ? {} : { more: { user } };
  return {
    createdBy: `WORKDIR ${path}`,
    inputs: { ...(epoch === undefined ? {} : { epoch }), ...owned },
    make: async () => {
      if (existsIn(stage, path)) return null;
      return await makeLayer(session, {
        on: state.chainId,
        write: async (root) => {
          const writer = new TreeWriter(root, {
            fixedTime,
            ...(epoch === undefined ? {} : { latest: epoch }),
          });
          writer.ensureDirectory(path, ownerOf(root, user));
          writer.finish();
        },
      });
    },
  };
}

/** The folder belongs to the user that is set; its parents that are made with it, too. */
function ownerOf(root: string, user: string): Owner {
  if (user === '') return { uid: 0, gid: 0 };
  const { uid, gid } = resolveUser(root, user);
  return { uid, gid };
}

function existsIn(stage: StageContext, path: string): boolean {
  const { session, state } = stage;
  if (path === '/') return true;
  if (state.chainId === null) return false;
  const target = mkdtempSync(join(session.runFolder(), 'look-'));
  using root = mountReadOnly(session.room.snapshots.lowersOf(state.chainId), target);
  return lookAt(resolveInRoot(root.path, path))?.isDirectory() === true;
}
