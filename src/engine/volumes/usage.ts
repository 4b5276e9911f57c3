// How much space volumes take.
import { run } from '#kernel/spawn.ts';
import { dataOf } from './inspect.ts';
import type { VolumeRoom } from './room.ts';

/** Bytes on disk of each volume; one that cannot be counted is missing. Walks all files, outside of this process. */
export async function sizesOf(room: VolumeRoom, names: string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const byPath = new Map(names.map((name) => [dataOf(room, name), name]));
  const { stdout } = await run('du', ['-s', '-B1', '--', ...byPath.keys()]);
  const rows = stdout.toString('utf8').split('\n');
  return new Map(
    rows.flatMap((row) => {
      const [bytes, path = ''] = row.split('\t');
      const name = byPath.get(path);
      return name === undefined ? [] : [[name, Number(bytes)] as const];
    }),
  );
}
