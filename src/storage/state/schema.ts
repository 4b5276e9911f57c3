// The tables of the state database, and how an older database becomes today's.
import type { DatabaseSync } from 'node:sqlite';
import { unsupported } from '#shared/errors.ts';

/**
 * Step n brings a database of version n to version n+1. Steps are never edited once released: a change is a new
 * step at the end.
 */
export const migrations: readonly ((database: DatabaseSync) => void)[] = [
  (database) => {
    database.exec(`
      CREATE TABLE records (
        collection TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (collection, id));
      CREATE TABLE leases (
        subject TEXT NOT NULL, holder TEXT NOT NULL,
        PRIMARY KEY (subject, holder)) WITHOUT ROWID;
      CREATE INDEX leases_by_holder ON leases (holder, subject);
    `);
  },
];

export const schemaVersion = migrations.length;

/**
 * Brings the database to the version after the last of `steps`, all steps in one transaction: after a failure it
 * is as it was. Throws `unsupported` where a newer program wrote it.
 */
export function migrate(
  database: DatabaseSync,
  file: string,
  steps: readonly ((database: DatabaseSync) => void)[] = migrations,
): void {
  const found = versionOf(database);
  if (found > steps.length) {
    throw unsupported(`${file} has schema version ${found}, this program knows up to ${steps.length}`, {
      hint: 'Use the newer version of the program that wrote it, or another root folder.',
    });
  }
  if (found === steps.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of steps.slice(found)) step(database);
    database.exec(`PRAGMA user_version = ${steps.length}`);
    database.exec('COMMIT');
  } catch (thrown) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}

function versionOf(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get();
  return Number(row?.['user_version'] ?? 0);
}
