// Walking a writable layer without holding the event loop: its size, and what it changed.
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isOpaque, isWhiteout } from '#kernel/overlay.ts';
import type { FileChange } from '#shared/contract/container.ts';
import { codeOf } from '#shared/errors.ts';

export interface Usage {
  /** Bytes of file content, each hard-linked file once. */
  sizeBytes: number;
  inodes: number;
}

const changeKind = { modified: 0, added: 1, deleted: 2 } as const;
// Some 3 ms of file system calls.
const entriesPerTurn = 500;

function breather(): () => Promise<void> {
  let count = 0;
  return async () => {
    if (++count % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  };
}

/** What the tree below `dir` takes; files that vanish meanwhile do not count. */
export async function measureTree(dir: string): Promise<Usage> {
  const seen = new Set<number>();
  const rest = breather();
  let sizeBytes = 0;
  const queue = [dir];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const entry of entriesOf(at)) {
      await rest();
      const path = join(at, entry.name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined || seen.has(stat.ino)) continue;
      seen.add(stat.ino);
      if (stat.isFile()) sizeBytes += stat.size;
      if (stat.isDirectory()) queue.push(path);
    }
  }
  return { sizeBytes, inodes: seen.size };
}

/**
 * What `upper` changed against the stack `lowers` (topmost first), ordered by path. Only real directories of the
 * lowers are entered, so that a symbolic link in a layer leads nowhere.
 */
export async function compareTree(upper: string, lowers: readonly string[]): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  const rest = breather();
  const walk = async (dir: string, below: readonly string[], prefix: string): Promise<void> => {
    for (const entry of entriesOf(dir)) {
      await rest();
      const path = join(dir, entry.name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      const name = `${prefix}/${entry.name}`;
      const { exists, dirs } = lookUp(below, entry.name);
      if (isWhiteout(stat)) {
        changes.push({ Path: name, Kind: changeKind.deleted });
        continue;
      }
      changes.push({ Path: name, Kind: exists ? changeKind.modified : changeKind.added });
      if (stat.isDirectory()) await walk(path, isOpaque(path) ? [] : dirs, name);
    }
  };
  await walk(upper, lowers, '');
  return changes.sort((a, b) => (a.Path < b.Path ? -1 : a.Path > b.Path ? 1 : 0));
}

function lookUp(below: readonly string[], name: string): { exists: boolean; dirs: string[] } {
  const dirs: string[] = [];
  let exists = false;
  for (const dir of below) {
    const path = join(dir, name);
    const stat = lstat(path);
    if (stat === undefined) continue;
    if (isWhiteout(stat)) break;
    if (!stat.isDirectory()) {
      exists = true;
      break;
    }
    exists = true;
    dirs.push(path);
    if (isOpaque(path)) break;
  }
  return { exists, dirs };
}

const lstat = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
