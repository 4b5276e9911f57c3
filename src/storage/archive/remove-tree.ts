// Deleting a large tree on another thread.
import { runJob } from './pool.ts';

/** Afterwards nothing is at `path`. Not there is fine. */
export async function removeTree(path: string): Promise<void> {
  await runJob({ kind: 'remove', path });
}
