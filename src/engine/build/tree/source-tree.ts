// Where COPY and ADD take files from: the build context, another stage, an image, a download.
import { breather } from './breathe.ts';
import { digestOfFile } from './digest.ts';
import { type Content, diskFiles, type EntryStats, resolveIn, statOf, type TreeFiles } from './tree-files.ts';

export interface SourceTree {
  /** Directory on the host. */
  root: string;
  /** Where the files are not in `root` but elsewhere. */
  files?: TreeFiles;
  /** True for a path (relative to root) that does not take part. */
  excludes(path: string): boolean;
  /** True where nothing below an excluded directory takes part. */
  prunes: boolean;
  /** Hex sha256 of a file that is known already; path relative to root. */
  knownDigest?(path: string): string | undefined;
  /** What `excludes` was made from. */
  rules?: string;
  /** What tells this tree from another one without reading it. */
  identity?: string;
}

/** A file, directory or link to copy. */
export interface Entry {
  /** Below the source that was named; empty for the source itself. */
  name: string;
  /** In the tree, every link followed. */
  path: string;
  stats: EntryStats;
  content: Content;
  /** What a symbolic link says. */
  link?: string;
}

/** One source as resolved: its own entry first, then all below it, parents before children. */
export interface Source {
  /** Last part of the path as written: the name in the destination. */
  base: string;
  /** The path as matched, without the links in it followed. */
  path: string;
  isDirectory: boolean;
  /** True for the root of the tree itself. */
  isRoot: boolean;
  entries: Entry[];
}

/** The files of a tree. */
export function filesIn(tree: SourceTree): TreeFiles {
  tree.files ??= diskFiles(tree.root);
  return tree.files;
}

function entryOf(files: TreeFiles, path: string, name: string): Entry {
  const stats = statOf(files, path);
  const link = stats.isSymbolicLink() ? { link: files.readLink(path) } : {};
  return { name, path, stats, content: files.content(path), ...link };
}

async function walk(tree: SourceTree, top: string, entries: Entry[]): Promise<void> {
  const breathe = breather();
  const files = filesIn(tree);
  const pending: Entry[] = [entryOf(files, top, '')];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    const below: Entry[] = [];
    for (const name of files.list(dir.path)) {
      const path = dir.path === '' ? name : `${dir.path}/${name}`;
      const entry = entryOf(files, path, dir.name === '' ? name : `${dir.name}/${name}`);
      const excluded = tree.excludes(path);
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
  const files = filesIn(tree);
  const real = resolveIn(files, path);
  const top = entryOf(files, real, '');
  const isDirectory = top.stats.isDirectory();
  const entries = [top];
  if (isDirectory) await walk(tree, real, entries);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return { base: parts.at(-1) ?? '', path: parts.join('/'), isDirectory, isRoot: real === '', entries };
}

/** What makes two entries the same in a layer, but for owner and time: `f 644 <sha256>`, `d 755`, `l <target>`. */
export async function fingerprint(tree: SourceTree, entry: Entry): Promise<string> {
  const { stats } = entry;
  const mode = (stats.mode & 0o7777).toString(8);
  if (stats.isDirectory()) return `d ${mode}`;
  if (entry.link !== undefined) return `l ${entry.link}`;
  if (!stats.isFile()) return `o ${stats.mode.toString(8)} ${stats.rdev}`;
  const digest = tree.knownDigest?.(entry.path) ?? (await digestOfFile(entry.content, stats));
  return `f ${mode} ${digest}`;
}
