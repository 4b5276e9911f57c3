// Where COPY and ADD take files from: the build context, another stage, an image, a download.
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join, relative } from 'node:path';
import { breather } from './breathe.ts';
import { digestOfFile } from './digest.ts';
import { resolveInRoot } from './in-root.ts';

export interface SourceTree {
  /** Directory on the host. */
  root: string;
  /** True for a path (relative to root) that does not take part. */
  excludes(path: string): boolean;
  /** True where nothing below an excluded directory takes part. */
  prunes: boolean;
  /** Hex sha256 of a file that is known already; path relative to root. */
  knownDigest?(path: string): string | undefined;
}

/** A file, directory or link to copy. */
export interface Entry {
  /** Below the source that was named; empty for the source itself. */
  name: string;
  /** On the host. */
  path: string;
  stats: Stats;
  /** What a symbolic link says. */
  link?: string;
}

/** One source as resolved: its own entry first, then all below it, parents before children. */
export interface Source {
  /** Last part of the path as written: the name in the destination. */
  base: string;
  isDirectory: boolean;
  /** True for the root of the tree itself. */
  isRoot: boolean;
  entries: Entry[];
}

function entryOf(path: string, name: string): Entry {
  const stats = lstatSync(path);
  return { name, path, stats, ...(stats.isSymbolicLink() ? { link: readlinkSync(path) } : {}) };
}

async function walk(tree: SourceTree, top: string, entries: Entry[]): Promise<void> {
  const breathe = breather();
  const pending: Entry[] = [entryOf(top, '')];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    const below: Entry[] = [];
    for (const name of readdirSync(dir.path).sort()) {
      const path = join(dir.path, name);
      const entry = entryOf(path, dir.name === '' ? name : `${dir.name}/${name}`);
      const excluded = tree.excludes(relative(tree.root, path));
      if (!excluded) entries.push(entry);
      // An excluded directory stays in question where what is below it may be included again.
      if (entry.stats.isDirectory() && !(excluded && tree.prunes)) below.push(entry);
    }
    pending.push(...below.reverse());
    await breathe();
  }
}

/** Everything that one existing path of a tree means. A link at its end is followed. */
export async function readSource(tree: SourceTree, path: string): Promise<Source> {
  const real = resolveInRoot(tree.root, path);
  const top = entryOf(real, '');
  const isDirectory = top.stats.isDirectory();
  const entries = [top];
  if (isDirectory) await walk(tree, real, entries);
  const base =
    path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .at(-1) ?? '';
  return { base, isDirectory, isRoot: real === join(tree.root), entries };
}

/** What makes two entries the same in a layer, but for owner and time: `f 644 <sha256>`, `d 755`, `l <target>`. */
export async function fingerprint(tree: SourceTree, entry: Entry): Promise<string> {
  const { stats } = entry;
  const mode = (stats.mode & 0o7777).toString(8);
  if (stats.isDirectory()) return `d ${mode}`;
  if (entry.link !== undefined) return `l ${entry.link}`;
  if (!stats.isFile()) return `o ${stats.mode.toString(8)} ${stats.rdev}`;
  const digest =
    tree.knownDigest?.(relative(tree.root, entry.path)) ?? (await digestOfFile(entry.path, stats));
  return `f ${mode} ${digest}`;
}
