// How many bytes each repository may hold: a small JSON file, as for the rights, that counts from the next push on.
import { readFileSync, statSync } from 'node:fs';
import { invalid, messageOf } from '#shared/errors.ts';
import { formatBytesDecimal, parseBytes } from '#shared/notation/size.ts';
import { longestFit } from '../auth/rights.ts';
import { refuse } from '../failures.ts';
import type { Records } from './records.ts';

/** `{"team/*": "10g", "team/big": "50g"}`: of the names that fit, the longest counts. Sizes in bytes. */
export type QuotaTable = Record<string, number>;

/** The table in a text; throws `invalid`. */
export function parseQuotas(text: string): QuotaTable {
  const bad = (what: string, cause?: unknown) =>
    invalid(`quotas file: ${what}`, { cause, hint: 'it looks like {"team/*": "10g", "*": "1g"}' });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw bad(messageOf(cause), cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad('not a JSON object');
  const sizes = Object.entries(parsed).map(([name, size]) => {
    if (typeof size !== 'string') throw bad(`the size of ${JSON.stringify(name)} is not a text`);
    return [name, parseBytes(size)] as const;
  });
  return Object.fromEntries(sizes);
}

export class RepositoryQuotas {
  #file: string;
  #records: Records;
  #read: { changed: string; table: QuotaTable } | undefined;
  /** What is being stored just now, by repository. */
  #reserved = new Map<string, number>();

  constructor(file: string, records: Records) {
    this.#file = file;
    this.#records = records;
    this.#table();
  }

  /** Throws DENIED where so many bytes more would be too many for the repository. Blobs that others hold too count in each. */
  check(repository: string, bytes: number): void {
    const limitBytes = longestFit(this.#table(), repository);
    if (limitBytes === undefined) return;
    const usedBytes = this.#usedBytes(repository);
    if (usedBytes + bytes <= limitBytes) return;
    throw refuse(
      'DENIED',
      `quota exceeded: ${repository} holds ${formatBytesDecimal(usedBytes)} of the ${formatBytesDecimal(limitBytes)} it may hold, and ${formatBytesDecimal(bytes)} more do not fit; delete images that are not needed, or ask the hub's keeper for a larger quota`,
    );
  }

  /** As `check`; the bytes count as there until disposed: of several at once, not all get the last room. */
  reserve(repository: string, bytes: number): Disposable {
    this.check(repository, bytes);
    this.#count(repository, bytes);
    return { [Symbol.dispose]: () => this.#count(repository, -bytes) };
  }

  #count(repository: string, bytes: number): void {
    const total = (this.#reserved.get(repository) ?? 0) + bytes;
    if (total > 0) this.#reserved.set(repository, total);
    else this.#reserved.delete(repository);
  }

  #usedBytes(repository: string): number {
    const blobs = this.#records.links(repository).all();
    const manifests = this.#records.manifests(repository).all();
    const reserved = this.#reserved.get(repository) ?? 0;
    return [...blobs, ...manifests].reduce((sum, { value }) => sum + value.sizeBytes, reserved);
  }

  #table(): QuotaTable {
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    const changed = `${stat?.mtimeMs} ${stat?.size} ${stat?.ino}`;
    if (this.#read?.changed === changed) return this.#read.table;
    const table = stat === undefined ? {} : parseQuotas(readFileSync(this.#file, 'utf8'));
    this.#read = { changed, table };
    return table;
  }
}
