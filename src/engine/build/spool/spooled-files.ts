// The index of a spooled context as a tree of files.
import type { Content, EntryStats, TreeFiles } from '../tree/tree-files.ts';
import type { SpooledEntry } from './orders.ts';

const typeBits = {
  file: 0o100000,
  link: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
} as const;

/** Everything in a context belongs to root. */
class SpooledStats implements EntryStats {
  readonly uid = 0;
  readonly gid = 0;
  readonly dev = 0;
  readonly #isStored: boolean;
  readonly entry: SpooledEntry;
  readonly ino: number;
  nlink = 1;

  constructor(entry: SpooledEntry, ino: number, isStored = false) {
    this.#isStored = isStored;
    this.entry = entry;
    this.ino = ino;
  }

  get mode(): number {
    return typeBits[this.entry.type] | this.entry.mode;
  }
  get size(): number {
    return this.entry.size;
  }
  get mtimeMs(): number {
    return this.entry.mtime * 1000;
  }
  get rdev(): number {
    const { major, minor } = this.entry;
    return (minor & 0xff) + (major & 0xfff) * 256 + (minor - (minor & 0xff)) * 4096;
  }
  get isStored(): boolean {
    return this.#isStored && this.entry.type === 'file';
  }
  isFile(): boolean {
    return this.entry.type === 'file';
  }
  isDirectory(): boolean {
    return this.entry.type === 'directory';
  }
  isSymbolicLink(): boolean {
    return this.entry.type === 'symlink';
  }
}

function impliedDirectory(name: string): SpooledEntry {
  const nothing = { size: 0, mtime: 0, offset: 0, digest: '', link: '', major: 0, minor: 0 };
  return { name, type: 'directory', mode: 0o755, ...nothing };
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function indexOf(entries: readonly SpooledEntry[], isStored: boolean): Map<string, SpooledStats> {
  const nodes = new Map<string, SpooledStats>([['', new SpooledStats(impliedDirectory(''), 0)]]);
  for (const [index, entry] of entries.entries()) {
    const first =
      entry.type === 'link' ? nodes.get(entry.link.replace(/^(\.?\/)+/, '').replace(/\/$/, '')) : undefined;
    if (entry.type === 'link' && first === undefined) continue;
    if (first !== undefined) first.nlink += 1;
    nodes.set(entry.name, first ?? new SpooledStats(entry, index + 1, isStored));
    for (let parent = parentOf(entry.name); !nodes.has(parent); parent = parentOf(parent)) {
      nodes.set(parent, new SpooledStats(impliedDirectory(parent), 0));
    }
  }
  return nodes;
}

function childrenOf(nodes: ReadonlyMap<string, SpooledStats>): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const path of nodes.keys()) {
    if (path === '') continue;
    const parent = parentOf(path);
    const name = path.slice(parent === '' ? 0 : parent.length + 1);
    const names = children.get(parent);
    if (names === undefined) children.set(parent, [name]);
    else names.push(name);
  }
  for (const names of children.values()) names.sort();
  return children;
}

const nowhere = new SpooledStats(impliedDirectory(''), 0);

/** Where an entry comes twice the later one counts; parents that were not sent are plain directories. */
export function spooledFiles(
  entries: readonly SpooledEntry[],
  contentOf: (entry: SpooledEntry) => Content,
  options: { isStored?: boolean } = {},
): { files: TreeFiles; digest: (path: string) => string | undefined } {
  const nodes = indexOf(entries, options.isStored ?? false);
  let children: Map<string, string[]> | undefined;
  const files: TreeFiles = {
    look: (path) => nodes.get(path),
    list: (path) => {
      children ??= childrenOf(nodes);
      return children.get(path) ?? [];
    },
    readLink: (path) => nodes.get(path)?.entry.link ?? '',
    content: (path) => {
      return contentOf((nodes.get(path) ?? nowhere).entry);
    },
  };
  return { files, digest: (path) => nodes.get(path)?.entry.digest || undefined };
}
