// Copies sources to a destination by the rules of COPY: contents of directories, trailing slashes, owner and mode.
import { copyFileSync, linkSync, symlinkSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mknod } from '#kernel/syscalls.ts';
import { codeOf, invalid } from '#shared/errors.ts';
import { breather } from './breathe.ts';
import { copyCapabilities } from './capabilities.ts';
import type { ChangeMode } from './change-mode.ts';
import { lookAt, resolveInRoot } from './in-root.ts';
import type { Owner } from './owner.ts';
import { copySlice } from './slice.ts';
import type { Entry, Source } from './source-tree.ts';
import type { EntryStats } from './tree-files.ts';
import type { TreeWriter } from './tree-writer.ts';

export interface CopyOrder {
  /** `COPY` or `ADD`. */
  keyword: string;
  /** Absolute, as seen inside; a slash at the end says that it is a directory. */
  destination: string;
  /** Undefined: the files keep their owner, and what is made for them belongs to root. */
  owner?: Owner;
  mode?: ChangeMode;
  /** Where given, files that take no other's place wait here, by their place on the host, for `writeLater`. */
  later?: Map<string, Entry>;
}

const largeBytes = 512 * 1024;
const rootOwner: Owner = { uid: 0, gid: 0 };

interface Job extends CopyOrder {
  writer: TreeWriter;
  breathe: () => Promise<void> | undefined;
  /** Device and inode of a file with several names → where it was written first. */
  linked: Map<string, string>;
  /** Stored files that have a name in this layer: a second one would make them one file there. */
  shared: Set<string>;
  /** Nothing is where it writes. */
  isFresh: boolean;
  /** Directories that it made, where there is but one source to fill them. */
  made: Set<string>;
  isSole: boolean;
}

/** Writes all sources. More than one source needs a destination that ends with a slash: `invalid` otherwise. */
export async function copySources(
  writer: TreeWriter,
  sources: readonly Source[],
  order: CopyOrder,
): Promise<void> {
  const asDirectory = order.destination.endsWith('/');
  if (sources.length > 1 && !asDirectory) {
    const rule = 'the destination must be a directory and end with a /';
    throw invalid(`When using ${order.keyword} with more than one source file, ${rule}`);
  }
  const job = { ...jobOf(writer, order), isSole: sources.length === 1 };
  for (const source of sources) {
    if (source.isDirectory) await copyDirectory(job, source);
    else await copySingle(job, source, asDirectory);
  }
}

/**
 * Writes the files that waited, into the folder that the root of `order.later` stood for: the upper one of an overlay
 * that is not mounted any more. Without the overlay each takes half the time, and a stored one none of the room.
 */
export async function writeLater(writer: TreeWriter, root: string, order: CopyOrder): Promise<void> {
  const { later, ...rest } = order;
  const job = { ...jobOf(writer, rest), isFresh: true };
  for (const [target, entry] of later ?? []) {
    await writeEntry(job, entry, writer.at(target.slice(root.length)));
    await job.breathe();
  }
}

function jobOf(writer: TreeWriter, order: CopyOrder): Job {
  return {
    ...order,
    writer,
    breathe: breather(),
    linked: new Map(),
    shared: new Set(),
    isFresh: false,
    made: new Set(),
    isSole: false,
  };
}

async function copySingle(job: Job, source: Source, asDirectory: boolean): Promise<void> {
  const { writer, destination } = job;
  const [entry] = source.entries;
  if (entry === undefined) return;
  const there = lookAt(resolveInRoot(writer.root, destination));
  const inDirectory = asDirectory || there?.isDirectory() === true;
  const parent = inDirectory ? destination : dirname(destination);
  const dir = writer.ensureDirectory(parent, job.owner ?? rootOwner, job.mode?.plain);
  const target = inDirectory ? join(dir, source.base) : resolveInRoot(writer.root, destination);
  if (lookAt(dirname(target)) === undefined)
    writer.makeDirectory(dirname(target), job.owner ?? rootOwner, job.mode?.plain);
  await writeEntry(job, entry, target);
}

async function copyDirectory(job: Job, source: Source): Promise<void> {
  const { writer } = job;
  const [top, ...below] = source.entries;
  if (top === undefined) return;
  const existed = lookAt(resolveInRoot(writer.root, job.destination)) !== undefined;
  // What is in the folder is copied, not the folder: that of the destination is a new one.
  const base = writer.ensureDirectory(job.destination, job.owner ?? rootOwner, job.mode?.plain);
  if (!existed) job.made.add(base);
  await copyBelow(job, below, base);
}

async function copyBelow(job: Job, below: readonly Entry[], base: string): Promise<void> {
  /** Where directories with a link in their place ended up. */
  const places = new Map<string, string>([['', base]]);
  for (const entry of below) {
    const cut = entry.name.lastIndexOf('/');
    const parentName = cut < 0 ? '' : entry.name.slice(0, cut);
    const parent = places.get(parentName) ?? excludedParent(job, base, parentName);
    const target = join(parent, cut < 0 ? entry.name : entry.name.slice(cut + 1));
    if (entry.stats.isDirectory()) places.set(entry.name, mergeDirectory(job, entry, target));
    else await writeEntry(job, entry, target);
    await job.breathe();
  }
}

/** A directory that .dockerignore leaves out but for some file below it: made plainly. */
function excludedParent(job: Job, base: string, name: string): string {
  return job.writer.ensureDirectory(`${base.slice(job.writer.root.length)}/${name}`, job.owner ?? rootOwner);
}

function mergeDirectory(job: Job, entry: Entry, target: string): string {
  const { writer } = job;
  const place = resolveInRoot(writer.root, target.slice(writer.root.length));
  const there = lookAt(place);
  if (there?.isDirectory()) return place;
  if (there !== undefined || job.later?.has(place) === true)
    throw invalid(`cannot copy to non-directory: ${place.slice(writer.root.length)}`);
  writer.makeDirectory(place, rootOwner);
  job.made.add(place);
  settle(job, entry, place);
  return place;
}

/** Owner, mode and time of `target` become those of the source, or what the order says. */
export function settle(
  job: Pick<Job, 'writer' | 'owner' | 'mode'>,
  { stats }: Pick<Entry, 'stats'>,
  target: string,
): void {
  const owner = job.owner ?? { uid: stats.uid, gid: stats.gid };
  const before = stats.mode & 0o7777;
  const mode = job.mode === undefined ? before : job.mode.of(before, stats.isDirectory());
  job.writer.settle(target, { owner, mode, seconds: stats.mtimeMs / 1000, kind: stats });
}

/** A file of a stored context that is as the layer wants it needs no copy: the layer has the same one. */
function shareStored(job: Job, { stats, content }: Entry, target: string): boolean {
  if (stats.isStored !== true || typeof content !== 'string' || job.shared.has(content)) return false;
  const { uid, gid } = job.owner ?? rootOwner;
  const seconds = stats.mtimeMs / 1000;
  if (uid !== 0 || gid !== 0 || job.mode !== undefined || job.writer.clamp(seconds) !== seconds) return false;
  if (!isStoredAlike(content, stats)) return false;
  try {
    linkSync(content, target);
  } catch (thrown) {
    // An overlay in between, or too many names already.
    if (codeOf(thrown) === 'EXDEV' || codeOf(thrown) === 'EMLINK') return false;
    throw thrown;
  }
  job.shared.add(content);
  return true;
}

/** Names of one file stay together, and what is there already is replaced at once. */
function mayWait(job: Job, { stats }: Entry, target: string): boolean {
  if (!stats.isFile() || stats.nlink > 1) return false;
  return (job.isSole && job.made.has(dirname(target))) || lookAt(target) === undefined;
}

const alike = new WeakMap<EntryStats, boolean>();

/** Whether the stored file has the mode and time of the entry: it may have come with another one of the same content. */
function isStoredAlike(path: string, stats: EntryStats): boolean {
  const known = alike.get(stats);
  if (known !== undefined) return known;
  const stored = lookAt(path);
  const isAlike =
    stored !== undefined &&
    (stored.mode & 0o7777) === (stats.mode & 0o7777) &&
    stored.uid === 0 &&
    stored.gid === 0 &&
    stored.mtimeMs === stats.mtimeMs;
  alike.set(stats, isAlike);
  return isAlike;
}

async function writeEntry(job: Job, entry: Entry, target: string): Promise<void> {
  const { stats, content, link } = entry;
  if (job.later !== undefined && mayWait(job, entry, target)) {
    job.writer.touching(dirname(target));
    job.later.set(target, entry);
    return;
  }
  if (job.isFresh) job.writer.touching(dirname(target));
  else job.writer.clear(target, target.slice(job.writer.root.length));
  const twin = stats.isFile() && stats.nlink > 1 ? `${stats.dev}:${stats.ino}` : undefined;
  const first = twin === undefined ? undefined : job.linked.get(twin);
  if (first !== undefined) {
    linkSync(first, target);
    return;
  }
  if (shareStored(job, entry, target)) return;
  if (link !== undefined) symlinkSync(link, target);
  else if (!stats.isFile()) mknod(target, stats.mode, stats.rdev);
  else if (typeof content !== 'string') await copySlice(content, target);
  else if (stats.size > largeBytes) await copyFile(content, target);
  else copyFileSync(content, target);
  settle(job, entry, target);
  if (job.owner === undefined && stats.isFile() && typeof content === 'string')
    copyCapabilities(content, target);
  if (twin !== undefined) job.linked.set(twin, target);
}
