// The files of a stack of layers as a container would see them, without mounting it.
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isOpaque, isWhiteout } from '#kernel/overlay.ts';

export interface MergedFile {
  /** Absolute, as in the container. */
  path: string;
  /** Where it really lies. */
  source: string;
  /** Which layer of the stack it is from; 0 is the topmost. */
  layer: number;
  stat: Stats;
  /** Of a symbolic link. */
  linkTarget?: string;
}

interface Place {
  dir: string;
  layer: number;
}

// Some 3 ms of file system calls.
const entriesPerTurn = 300;

/**
 * Everything in the stack `dirs` (topmost first), ordered by path; directories come before what is in them. Only real
 * directories are entered, so that a symbolic link in a layer leads nowhere. Other work goes on meanwhile.
 */
export async function* mergedTree(dirs: readonly string[]): AsyncGenerator<MergedFile> {
  let count = 0;
  async function* walk(places: readonly Place[], prefix: string): AsyncGenerator<MergedFile> {
    for (const name of namesIn(places)) {
      if (++count % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      const found = lookUp(places, name);
      if (found === undefined) continue;
      const path = `${prefix}/${name}`;
      const linkTarget = found.stat.isSymbolicLink() ? readlinkSync(found.source) : undefined;
      const { source, layer, stat } = found;
      yield { path, source, layer, stat, ...(linkTarget === undefined ? {} : { linkTarget }) };
      if (found.below.length > 0) yield* walk(found.below, path);
    }
  }
  yield* walk(
    dirs.map((dir, layer) => ({ dir, layer })),
    '',
  );
}

function namesIn(places: readonly Place[]): string[] {
  return [...new Set(places.flatMap(({ dir }) => readdirSync(dir)))].sort();
}

/** What `name` is in the uppermost place that has it; undefined where that says it is gone. */
function lookUp(
  places: readonly Place[],
  name: string,
): { source: string; layer: number; stat: Stats; below: Place[] } | undefined {
  const below: Place[] = [];
  let top: { source: string; layer: number; stat: Stats } | undefined;
  for (const { dir, layer } of places) {
    const source = join(dir, name);
    const stat = lstatSync(source, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (isWhiteout(stat)) break;
    if (top !== undefined && !stat.isDirectory()) break;
    top ??= { source, layer, stat };
    if (!stat.isDirectory()) break;
    below.push({ dir: source, layer });
    if (isOpaque(source)) break;
  }
  return top === undefined ? undefined : { ...top, below };
}
