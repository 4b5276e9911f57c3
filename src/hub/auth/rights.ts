// Who may do what in which repository: a small JSON file.
import { readFileSync, statSync } from 'node:fs';
import { invalid, messageOf } from '#shared/errors.ts';

export type Action = 'pull' | 'push' | 'delete';

/** Each right includes those before it. */
export type Right = 'none' | 'pull' | 'push' | '*';

/**
 * `{"alice": {"team/*": "push", "*": "pull"}, "*": {"public/*": "pull"}, "anonymous": {"public/*": "pull"}}`: for each
 * user, and `*` for every user who logged in, the right in each repository. A name ending with `*` stands for all
 * that begin so; of those that fit, the longest counts.
 */
export type RightsTable = Record<string, Record<string, Right>>;

const order: readonly Right[] = ['none', 'pull', 'push', '*'];
const needed: Record<Action, number> = { pull: 1, push: 2, delete: 3 };

/** The right of a user (undefined: nobody logged in) in a repository. Pure. */
export function rightIn(table: RightsTable, user: string | undefined, repository: string): Right {
  if (user === undefined) return rightOf(table['anonymous'], repository);
  const own = Object.hasOwn(table, user) && user !== 'anonymous' ? rightOf(table[user], repository) : 'none';
  const everybody = rightOf(table['*'], repository);
  return order.indexOf(own) >= order.indexOf(everybody) ? own : everybody;
}

export function includes(right: Right, action: Action): boolean {
  return order.indexOf(right) >= needed[action];
}

function rightOf(entries: Record<string, Right> | undefined, repository: string): Right {
  return longestFit(entries ?? {}, repository) ?? 'none';
}

/** What stands beside the name, or beside the longest beginning (`team/*`) that it has. */
export function longestFit<T>(entries: Record<string, T>, repository: string): T | undefined {
  let best: { length: number; value: T } | undefined;
  for (const [pattern, value] of Object.entries(entries)) {
    const isPrefix = pattern.endsWith('*');
    const fits = isPrefix ? repository.startsWith(pattern.slice(0, -1)) : repository === pattern;
    // The whole name says more than any beginning.
    const length = isPrefix ? pattern.length - 1 : Number.POSITIVE_INFINITY;
    if (fits && (best === undefined || length > best.length)) best = { length, value };
  }
  return best?.value;
}

/** The table in a text; throws `invalid`. */
export function parseRights(text: string): RightsTable {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalid(`rights file: ${messageOf(cause)}`, { cause });
  }
  const bad = (what: string) =>
    invalid(`rights file: ${what}`, {
      hint: 'it looks like {"alice": {"team/*": "push"}, "*": {"*": "pull"}}',
    });
  if (!isObject(parsed)) throw bad('not a JSON object');
  for (const [user, entries] of Object.entries(parsed)) {
    if (!isObject(entries)) throw bad(`${JSON.stringify(user)} has no object of repositories`);
    for (const right of Object.values(entries)) {
      if (!order.some((known) => known === right))
        throw bad(`${JSON.stringify(right)} is none of ${order.join(', ')}`);
    }
  }
  return parsed as RightsTable;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The rights of one Hub, read again whenever the file changes. Without a file every user may do everything. */
export class Rights {
  #file: string;
  #anonymousRead: boolean;
  #read: { changed: string; table: RightsTable } | undefined;

  constructor(file: string, anonymousRead: boolean) {
    this.#file = file;
    this.#anonymousRead = anonymousRead;
    this.#table();
  }

  may(user: string | undefined, action: Action, repository: string): boolean {
    return includes(rightIn(this.#table(), user, repository), action);
  }

  /** True where somebody who did not log in may do anything at all. */
  get admitsAnonymous(): boolean {
    return Object.values(this.#table()['anonymous'] ?? {}).some((right) => right !== 'none');
  }

  #table(): RightsTable {
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    const changed = `${stat?.mtimeMs} ${stat?.size} ${stat?.ino}`;
    if (this.#read?.changed === changed) return this.#read.table;
    const found: RightsTable =
      stat === undefined ? { '*': { '*': '*' } } : parseRights(readFileSync(this.#file, 'utf8'));
    const anonymous: RightsTable = this.#anonymousRead ? { anonymous: { '*': 'pull' } } : {};
    const table = { ...anonymous, ...found };
    this.#read = { changed, table };
    return table;
  }
}
