// Copy-up: what an image has at a volume's place goes into the volume, once.
import { chmodSync, lchownSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { runOk } from '#kernel/spawn.ts';
import { codeOf } from '#shared/errors.ts';

/**
 * Afterwards `target`, where it was empty, holds a copy of the folder `source` with owners, modes, times, extended
 * attributes and links. A target with anything in it, and a source that is no folder, change nothing.
 */
export async function copyInto(source: string, target: string): Promise<void> {
  if (readdirSync(target).length > 0) return;
  const stat = lstatOf(source);
  if (stat === undefined || !stat.isDirectory()) return;
  if (readdirSync(source).length > 0) {
    await runOk('cp', ['-a', '--reflink=auto', `${source}/.`, target]);
    return;
  }
  lchownSync(target, stat.uid, stat.gid);
  chmodSync(target, stat.mode & 0o7777);
}

function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
