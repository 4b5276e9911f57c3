// Copying a folder with all that can be known of its files.
import { run } from '#kernel/spawn.ts';
import { internal } from '#shared/errors.ts';
import { diskFault } from '#storage/disk-faults.ts';

/**
 * Afterwards the folder `target` holds what `source` has: owners, modes, times, extended attributes, links, holes. `doing`
 * (as in "filling volume x") is what an error tells, with the first of what could not be copied.
 */
export async function copyTree(source: string, target: string, doing: string): Promise<void> {
  const done = await run('cp', ['-a', '--reflink=auto', '--sparse=auto', '-T', '--', source, target]);
  if (done.code === 0) return;
  const said = done.stderr.toString('utf8');
  const code = /No space left on device/.test(said)
    ? 'ENOSPC'
    : /Disk quota exceeded/.test(said)
      ? 'EDQUOT'
      : '';
  const [first = ''] = said.split('\n');
  if (code === '') throw internal(`${doing}: ${first.slice(0, 300) || `cp ended by ${done.signal}`}`);
  throw diskFault(doing, Object.assign(new Error(first), { code }));
}
