// One kind of record: a map from id to a JSON value, kept in the state database.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { unreadable } from './faults.ts';
import { misfitOf, type Shape } from './shape.ts';

export interface Stored<T> {
  id: string;
  value: T;
}

export interface RecordStatements {
  get: StatementSync;
  put: StatementSync;
  delete: StatementSync;
  all: StatementSync;
}

/** The statements that all collections share. */
export function prepareRecords(database: DatabaseSync): RecordStatements {
  return {
    get: database.prepare('SELECT value FROM records WHERE collection = ? AND id = ?'),
    put: database.prepare(
      'INSERT INTO records (collection, id, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    ),
    delete: database.prepare('DELETE FROM records WHERE collection = ? AND id = ?'),
    all: database.prepare('SELECT id, value FROM records WHERE collection = ? ORDER BY id'),
  };
}

/** What a collection needs of the database that it is in. */
export interface Database {
  readonly file: string;
  guard<R>(step: () => R): R;
}

/**
 * Values are copies: changing what `get` returned changes nothing until it is `put` again. Reading throws `internal`, naming
 * the record, where one has not the collection's shape.
 */
export class Collection<T extends object> {
  readonly name: string;
  #database: Database;
  #statements: RecordStatements;
  #shape: Shape;

  constructor(name: string, database: Database, parts: { statements: RecordStatements; shape: Shape }) {
    this.name = name;
    this.#database = database;
    this.#statements = parts.statements;
    this.#shape = parts.shape;
  }

  /** The value under `id`, or undefined. */
  get(id: string): T | undefined {
    const row = this.#database.guard(() => this.#statements.get.get(this.name, id));
    return row === undefined ? undefined : this.#parse(id, row['value']);
  }

  /** Stores `value` under `id`, in place of what was there. */
  put(id: string, value: T): void {
    const text = JSON.stringify(value);
    this.#database.guard(() => this.#statements.put.run(this.name, id, text));
  }

  /** Removes the record; true where there was one. */
  delete(id: string): boolean {
    return this.#database.guard(() => Number(this.#statements.delete.run(this.name, id).changes) > 0);
  }

  /** Every record, ordered by id. */
  all(): Stored<T>[] {
    const rows = this.#database.guard(() => this.#statements.all.all(this.name));
    return rows.map((row) => {
      const id = String(row['id']);
      return { id, value: this.#parse(id, row['value']) };
    });
  }

  /** The first record, by id, that `wanted` accepts. */
  find(wanted: (value: T, id: string) => boolean): Stored<T> | undefined {
    return this.all().find(({ id, value }) => wanted(value, id));
  }

  #parse(id: string, text: unknown): T {
    const fault = (detail: string, cause?: unknown) =>
      unreadable({ file: this.#database.file, collection: this.name, id }, detail, cause);
    let value: unknown;
    try {
      value = JSON.parse(String(text));
    } catch (cause) {
      throw fault('is not JSON', cause);
    }
    const misfit = misfitOf(value, this.#shape);
    if (misfit !== undefined) throw fault(`cannot be read: ${misfit}`);
    return value as T;
  }
}
