// The door of the state database: JSON records in named collections, in one SQLite file.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolders } from '#shared/make-folders.ts';
import { Collection, prepareRecords, type RecordStatements } from './collection.ts';
import { damaged, isDiskFull, stateFault } from './faults.ts';
import { Reserve } from './reserve.ts';
import { migrate } from './schema.ts';
import type { Shape } from './shape.ts';

/**
 * An open state database. Everything is synchronous: a put takes some 20 µs. What was put survives a `kill -9` of
 * this process at once; a power cut may lose the last moments, never the soundness.
 */
export class State implements AsyncDisposable {
  readonly file: string;
  /** For this room only: tables beside the records. */
  readonly database: DatabaseSync;
  #statements: RecordStatements;
  #reserve: Reserve;
  #depth = 0;

  constructor(file: string, database: DatabaseSync) {
    this.file = file;
    this.database = database;
    this.#statements = prepareRecords(database);
    this.#reserve = new Reserve(`${file}-reserve`);
    this.#reserve.ensure();
  }

  /** The records of one kind, each of the shape. Two collections of the same name are the same records. */
  collection<T extends object>(name: string, shape: Shape = {}): Collection<T> {
    return new Collection<T>(name, this, { statements: this.#statements, shape });
  }

  /**
   * Runs `work` so that all of its puts and deletes happen or none. `work` must not wait: it is a plain function.
   * Inside another transaction it joins that one.
   */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    try {
      return this.#attempt(work);
    } catch (thrown) {
      // Not run again: `work` may have done more than write. But its undoing can be recorded.
      if (isDiskFull(thrown)) this.#reserve.release();
      throw stateFault(this.file, thrown);
    }
  }

  /**
   * For this room only: runs one step on the database and says in a user's words what goes wrong. On a full disk the
   * reserve is given back and the step is run once more, so that the way out of a full disk can be recorded.
   */
  guard<T>(step: () => T): T {
    try {
      try {
        const result = step();
        if (this.#depth === 0) this.#reserve.ensure();
        return result;
      } catch (thrown) {
        if (this.#depth > 0 || !isDiskFull(thrown) || !this.#reserve.release()) throw thrown;
        return step();
      }
    } catch (thrown) {
      // Inside a transaction its owner wants to see what SQLite said.
      throw this.#depth > 0 && isDiskFull(thrown) ? thrown : stateFault(this.file, thrown);
    }
  }

  #attempt<T>(work: () => T): T {
    this.database.exec('BEGIN IMMEDIATE');
    this.#depth++;
    try {
      const result = work();
      this.database.exec('COMMIT');
      return result;
    } catch (thrown) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw thrown;
    } finally {
      this.#depth--;
    }
  }

  /** Closes the file. Safe to repeat. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.database.isOpen) this.database.close();
  }
}

/**
 * Opens (or creates, with its folder) the state database and brings it to the current schema. Throws `internal`
 * where the file is damaged, `unsupported` where a newer program wrote it.
 */
export function openState(file: string): State {
  makeFolders(mkdirSync, dirname(file), 0o700);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec(
      'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000',
    );
    assertSound(database, file);
    migrate(database, file);
    return new State(file, database);
  } catch (thrown) {
    if (database?.isOpen) database.close();
    throw stateFault(file, thrown);
  }
}

function assertSound(database: DatabaseSync, file: string): void {
  const row = database.prepare('PRAGMA quick_check(1)').get();
  const verdict = String(row?.['quick_check'] ?? 'no answer');
  if (verdict !== 'ok') throw damaged(file, verdict);
}
