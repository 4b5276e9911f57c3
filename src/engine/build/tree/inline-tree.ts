// A here-document as a source of COPY.
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceTree } from './source-tree.ts';

/** A tree of one file with that content, in a new folder below `folder`. Its time is 1970. */
export function inlineTree(folder: string, file: { name: string; content: string }): SourceTree {
  const root = mkdtempSync(join(folder, 'inline-'));
  const path = join(root, file.name);
  writeFileSync(path, file.content, { mode: 0o644 });
  utimesSync(path, 0, 0);
  return { root, excludes: () => false, prunes: true };
}
