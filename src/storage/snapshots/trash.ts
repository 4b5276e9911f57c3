// Removing without making anybody wait: renamed out of sight at once, deleted in the background.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unmountUnder } from '#kernel/mounts.ts';
import { codeOf } from '#shared/errors.ts';
import { removeTree } from '../archive/remove-tree.ts';
import type { Places } from './places.ts';

// Deleting so few files takes less than handing the work to a thread.
const smallTree = 64;
// Whoever discards has something to answer first, and often more to do right after it.
const restMs = 100;

/** One deletion at a time. What a killed process left is found by `resume`. */
export class Trash {
  #places: Places;
  #queue: string[] = [];
  #running: Promise<void> | undefined;
  /** Ends the rest. */
  #hurry = (): void => {};

  constructor(places: Places) {
    this.#places = places;
  }

  /** Afterwards nothing is at `path`; its bytes go later. Not there is fine. */
  discard(path: string): void {
    const target = join(this.#places.trash, String(this.#places.number()));
    try {
      renameSync(path, target);
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT') return;
      throw thrown;
    }
    this.#enqueue(target);
  }

  /** Takes up what an earlier process did not finish. */
  resume(): void {
    for (const name of readdirSync(this.#places.trash)) this.#enqueue(join(this.#places.trash, name));
  }

  /** Resolves once everything discarded so far is gone. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) {
      this.#hurry();
      await this.#running;
    }
  }

  #enqueue(path: string): void {
    if (!this.#queue.includes(path)) this.#queue.push(path);
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, restMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #work(): Promise<void> {
    await this.#rest();
    for (;;) {
      const path = this.#queue.shift();
      if (path === undefined) return;
      // One in a turn of the event loop: many small ones together would keep others waiting as well.
      await new Promise((resolve) => setImmediate(resolve));
      try {
        await deleteTree(path);
      } catch {
        // A mount made meanwhile in another namespace may still hold it: the next start tries again.
      }
    }
  }
}

async function deleteTree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  unmountUnder(path);
  if (hasFewEntries(path)) rmSync(path, { recursive: true, force: true });
  else await removeTree(path);
}

function hasFewEntries(path: string): boolean {
  let left = smallTree;
  const walk = (dir: string): boolean => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (--left < 0) return false;
      if (entry.isDirectory() && !walk(join(dir, entry.name))) return false;
    }
    return true;
  };
  return walk(path);
}
