// The folders of `RUN --mount=type=cache`: kept between builds, found by id, shared as the step says.

import { hash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '#shared/errors.ts';
import { makeFolders } from '#shared/make-folders.ts';
import { nowRfc3339Nano } from '#shared/notation/time.ts';
import { removeTree } from '#storage/archive/archive.ts';
import type { Collection } from '#storage/state/collection.ts';
import type { State } from '#storage/state/state.ts';

export interface CacheMountRecord {
  id: string;
  /** RFC 3339. */
  created: string;
  lastUsed: string;
  uses: number;
}

export interface CacheMountOrder {
  id: string;
  sharing: 'shared' | 'private' | 'locked';
  mode: number;
  uid: number;
  gid: number;
  signal: AbortSignal;
  /** Fills a new folder. */
  fill?: (dir: string) => Promise<void>;
}

const pollMs = 20;

/** One per engine. */
export class CacheMounts {
  #dir: string;
  #records: Collection<CacheMountRecord>;
  #users = new Map<string, { count: number; alone: boolean }>();

  constructor(state: State, dir: string) {
    this.#dir = dir;
    this.#records = state.collection<CacheMountRecord>('build-cache-mounts');
  }

  /** The folder, held until `release`. */
  async acquire(order: CacheMountOrder): Promise<{ dir: string; release(): void }> {
    const name = await this.#choose(order);
    const dir = join(this.#dir, name);
    const release = (): void => {
      const user = this.#users.get(name);
      if (user === undefined) return;
      user.count -= 1;
      if (user.count === 0) this.#users.delete(name);
    };
    try {
      await this.#ensure(name, dir, order);
    } catch (thrown) {
      release();
      throw thrown;
    }
    return { dir, release };
  }

  /** The name of a folder that the order may use, noted as used. */
  async #choose({ id, sharing, signal }: CacheMountOrder): Promise<string> {
    const base = hash('sha256', id).slice(0, 24);
    for (let number = 0; ; ) {
      if (signal.aborted) throw cancelled('the build was cancelled');
      const name = sharing === 'private' && number > 0 ? `${base}-${number}` : base;
      const user = this.#users.get(name);
      if (user === undefined || (sharing === 'shared' && !user.alone)) {
        this.#users.set(name, { count: (user?.count ?? 0) + 1, alone: sharing !== 'shared' });
        return name;
      }
      if (sharing === 'private') number += 1;
      else await sleep(pollMs);
    }
  }

  async #ensure(name: string, dir: string, order: CacheMountOrder): Promise<void> {
    const known = this.#records.get(name);
    const now = nowRfc3339Nano();
    if (known === undefined) {
      rmSync(dir, { recursive: true, force: true });
      makeFolders(mkdirSync, this.#dir, 0o711);
      mkdirSync(dir);
      await order.fill?.(dir);
      chownSync(dir, order.uid, order.gid);
      chmodSync(dir, order.mode);
    }
    const created = known?.created ?? now;
    this.#records.put(name, { id: order.id, created, lastUsed: now, uses: (known?.uses ?? -1) + 1 });
  }

  list(): { name: string; record: CacheMountRecord; inUse: boolean }[] {
    return this.#records
      .all()
      .map(({ id, value }) => ({ name: id, record: value, inUse: this.#users.has(id) }));
  }

  /** Removes those not in use. Whoever asks for one meanwhile waits, and gets it new. */
  async forget(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (this.#users.has(name)) continue;
      this.#users.set(name, { count: 1, alone: true });
      try {
        this.#records.delete(name);
        await removeTree(join(this.#dir, name));
      } finally {
        this.#users.delete(name);
      }
    }
  }
}
