// What SQLite's failures are called to a user.
import { EngineError, internal, messageOf, unavailable } from '#shared/errors.ts';

// Primary result codes: https://sqlite.org/rescode.html
const sqliteBusy = 5;
const sqliteCorrupt = 11;
const sqliteFull = 13;
const sqliteNotADatabase = 26;

/** The error to throw for something SQLite threw while working on `file`. */
export function stateFault(file: string, thrown: unknown): unknown {
  if (thrown instanceof EngineError) return thrown;
  const code = primaryCode(thrown);
  if (code === undefined) return thrown;
  if (code === sqliteFull) {
    return internal(`no space left on device: writing ${file}`, {
      cause: thrown,
      hint: 'Free some disk space.',
    });
  }
  if (code === sqliteBusy) return unavailable(`${file} is in use by another program`, { cause: thrown });
  if (code === sqliteCorrupt || code === sqliteNotADatabase) return damaged(file, messageOf(thrown), thrown);
  return internal(`${file}: ${messageOf(thrown)}`, { cause: thrown });
}

/** True where SQLite found no room on the disk. */
export function isDiskFull(thrown: unknown): boolean {
  return primaryCode(thrown) === sqliteFull;
}

/** The error for a database that cannot be trusted. */
export function damaged(file: string, detail: string, cause?: unknown): EngineError {
  return internal(`the state database ${file} is damaged: ${detail}`, {
    cause,
    hint: 'Restore the file from a backup, or move the root folder away to start anew.',
  });
}

/** The error for a record that this program cannot work with: damaged, or written by another version. */
export function unreadable(
  record: { file: string; collection: string; id: string },
  detail: string,
  cause?: unknown,
): EngineError {
  const { file, collection, id } = record;
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const where = `collection = ${quoted(collection)} AND id = ${quoted(id)}`;
  return internal(`the state database ${file}: the record ${id} of ${collection} ${detail}`, {
    cause,
    hint:
      'Start the version that wrote it, restore the file from a backup, or take the record out while no engine runs: ' +
      `sqlite3 ${file} "DELETE FROM records WHERE ${where}"`,
  });
}

function primaryCode(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return undefined;
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined;
}
