// Who uses what: a lease says that a holder needs a subject, so that the subject may not be removed.
import type { StatementSync } from 'node:sqlite';
import type { State } from './state.ts';

/**
 * Subjects: `image:<id> layer:<chainId> blob:<digest> volume:<name> network:<id>`.
 * Holders: `container:<id> image:<id> build:<id> pull:<id> layer:<chainId> cache:<key>`.
 * Durable like records are, and part of a surrounding `state.transaction`.
 */
export class Leases {
  #state: State;
  #hold: StatementSync;
  #release: StatementSync;
  #releaseAll: StatementSync;
  #holders: StatementSync;
  #heldBy: StatementSync;
  #any: StatementSync;

  constructor(state: State) {
    const { database } = state;
    this.#state = state;
    this.#hold = database.prepare('INSERT OR IGNORE INTO leases (subject, holder) VALUES (?, ?)');
    this.#release = database.prepare('DELETE FROM leases WHERE holder = ? AND subject = ?');
    this.#releaseAll = database.prepare('DELETE FROM leases WHERE holder = ?');
    this.#holders = database.prepare('SELECT holder FROM leases WHERE subject = ? ORDER BY holder');
    this.#heldBy = database.prepare('SELECT subject FROM leases WHERE holder = ? ORDER BY subject');
    this.#any = database.prepare('SELECT 1 FROM leases WHERE subject = ? LIMIT 1');
  }

  /** `holder` needs `subject` from now on. Safe to repeat. */
  hold(subject: string, holder: string): void {
    this.#state.guard(() => this.#hold.run(subject, holder));
  }

  /** `holder` needs `subject` no more; without a subject, nothing at all. Safe to repeat. */
  release(holder: string, subject?: string): void {
    this.#state.guard(() =>
      subject === undefined ? this.#releaseAll.run(holder) : this.#release.run(holder, subject),
    );
  }

  /** Those who need `subject`, ordered. */
  holders(subject: string): string[] {
    return this.#state.guard(() => this.#holders.all(subject)).map((row) => String(row['holder']));
  }

  /** What `holder` needs, ordered. */
  heldBy(holder: string): string[] {
    return this.#state.guard(() => this.#heldBy.all(holder)).map((row) => String(row['subject']));
  }

  /** True where anybody needs `subject`. */
  anyHolder(subject: string): boolean {
    return this.#state.guard(() => this.#any.get(subject)) !== undefined;
  }
}

/** The leases in a state database. They live as long as the state is open. */
export function openLeases(state: State): Leases {
  return new Leases(state);
}
