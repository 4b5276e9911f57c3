// Writes into a step's root file system: never outside of it, and with the times a layer should have.
import { chmodSync, chownSync, lchownSync, lutimesSync, mkdirSync, rmSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { invalid } from '#shared/errors.ts';
import { cleanParts, lookAt, resolveInRoot } from './in-root.ts';
import type { Owner } from './owner.ts';
import type { EntryStats } from './tree-files.ts';

export interface WriterOptions {
  /** Time of directories that come from nowhere, in seconds. */
  fixedTime: number;
  /** SOURCE_DATE_EPOCH: no file is younger, in seconds. */
  latest?: number;
}

/**
 * What it changes keeps the modification times of the directories that were there before; call `finish` once all is
 * written. Nobody else may write to the root meanwhile.
 */
export class TreeWriter {
  readonly root: string;
  #options: WriterOptions;
  /** Seconds to give to each directory at the end. */
  #times = new Map<string, number>();

  constructor(root: string, options: WriterOptions) {
    this.root = root;
    this.#options = options;
  }

  /** Seconds as they may stand in a layer: whole where there is an upper bound. */
  clamp(seconds: number): number {
    const { latest } = this.#options;
    return latest === undefined ? seconds : Math.min(seconds, latest);
  }

  /** To be called before anything in `dir` changes: its time will be what it was. */
  touching(dir: string): void {
    if (this.#times.has(dir)) return;
    const stats = lookAt(dir);
    if (stats !== undefined) this.#times.set(dir, stats.mtimeMs / 1000);
  }

  /** `path` (as seen inside) is a directory; missing parents are made. Returns where it lies on the host. */
  ensureDirectory(path: string, owner: Owner, mode = 0o755): string {
    let here = this.root;
    for (const part of cleanParts(path)) {
      const inside = `${here.slice(this.root.length)}/${part}`;
      here = resolveInRoot(this.root, inside);
      const stats = lookAt(here);
      if (stats?.isDirectory()) continue;
      if (stats !== undefined) throw invalid(`mkdir ${inside}: not a directory`);
      this.makeDirectory(here, owner, mode);
    }
    return here;
  }

  /** A directory is at `real`, a resolved path whose parents may be missing (the target of a dangling link). */
  makeDirectory(real: string, owner: Owner, mode = 0o755): void {
    const parent = dirname(real);
    if (lookAt(parent) === undefined) this.makeDirectory(parent, owner, mode);
    this.touching(parent);
    mkdirSync(real, 0o755);
    this.settle(real, { owner, mode, seconds: this.#options.fixedTime });
  }

  /** Makes room for something that is not a directory. A directory in its place is refused. */
  clear(real: string, name: string): void {
    this.touching(dirname(real));
    const stats = lookAt(real);
    if (stats === undefined) return;
    if (stats.isDirectory()) throw invalid(`cannot overwrite directory ${name} with a file`);
    rmSync(real, { force: true });
  }

  /** Sets owner, mode and time; the time of a directory is set at the end. */
  settle(real: string, attributes: { owner: Owner; mode: number; seconds: number; kind?: EntryStats }): void {
    const { owner, mode, kind } = attributes;
    const seconds = this.clamp(attributes.seconds);
    if (kind?.isSymbolicLink()) {
      lchownSync(real, owner.uid, owner.gid);
      lutimesSync(real, seconds, seconds);
      return;
    }
    // chown takes the set-id bits away, so the mode comes after it.
    if (owner.uid !== 0 || owner.gid !== 0 || kind !== undefined) chownSync(real, owner.uid, owner.gid);
    chmodSync(real, mode);
    if (kind === undefined || kind.isDirectory()) this.#times.set(real, seconds);
    else utimesSync(real, seconds, seconds);
  }

  /** Gives every directory its time. */
  finish(): void {
    for (const [dir, seconds] of this.#times) {
      if (lookAt(dir)?.isDirectory()) utimesSync(dir, seconds, seconds);
    }
    this.#times.clear();
  }

  /** A path on the host for something inside. */
  at(...parts: string[]): string {
    return join(this.root, ...parts);
  }
}
