// Starting a new log file while the old one is still written to.
import { renameSync, rmSync } from 'node:fs';
import { codeOf } from '#shared/errors.ts';
import { logFiles } from './files.ts';

export interface RotateOptions {
  /** The current file and the rotated ones together, at least 1. */
  maxFiles: number;
  /** Makes the writer open a new file under the log's name. */
  reopen: () => Promise<boolean>;
}

/**
 * Moves the log one number up, the oldest beyond `maxFiles` is deleted, and the writer goes on in a new file.
 * What it writes in between is in the rotated file: nothing is lost. No log: nothing happens.
 */
export async function rotateLog(path: string, { maxFiles, reopen }: RotateOptions): Promise<void> {
  const keep = Math.max(1, maxFiles) - 1;
  const files = logFiles(path);
  if (!files.includes(path)) return;
  for (const [index, file] of files.entries()) {
    const number = files.length - index;
    if (number > keep && file !== path) rmSync(file, { force: true });
    else moveIfThere(file, `${path}.${number}`);
  }
  await reopen();
  if (keep === 0) rmSync(`${path}.1`, { force: true });
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
}
