// The engine's table in the kernel: changed element by element, one change at a time.
import { applyRules, removeTable } from '#kernel/firewall.ts';
import { messageOf } from '#shared/errors.ts';
import { type RuleView, renderAdditions, renderRemovals, renderTable } from './table.ts';

type Things = Partial<Omit<RuleView, 'table'>>;

/** Every change waits for the one before. A change that fails is tried again as a whole new table from the records. */
export class Firewall {
  #view: () => RuleView;
  #tail: Promise<void> = Promise.resolve();
  #gathered = '';
  #flush: Promise<void> | undefined;

  /** `view` says how the table ought to be, by the records of that moment. */
  constructor(view: () => RuleView) {
    this.#view = view;
  }

  /** Afterwards the table is as the records say. */
  ensure(): Promise<void> {
    return this.#next(() => applyRules(renderTable(this.#view())));
  }

  /** Adds what was just recorded. */
  add(things: Things): Promise<void> {
    return this.#change(renderAdditions(this.#view().table, things));
  }

  /** Takes away what is recorded no more. */
  remove(things: Things): Promise<void> {
    return this.#change(renderRemovals(this.#view().table, things));
  }

  /** Afterwards there is no table. */
  drop(): Promise<void> {
    return this.#next(() => removeTable('ip', this.#view().table));
  }

  // What comes while nft runs is applied together: forty containers at a time need a few calls, not forty.
  #change(script: string): Promise<void> {
    if (script === '') return Promise.resolve();
    this.#gathered += script;
    this.#flush ??= this.#next(() => this.#applyGathered());
    return this.#flush;
  }

  async #applyGathered(): Promise<void> {
    const script = this.#gathered;
    this.#gathered = '';
    this.#flush = undefined;
    try {
      await applyRules(script);
    } catch (thrown) {
      // Someone flushed the ruleset, or an element of a dead container is in the way.
      await applyRules(renderTable(this.#view())).catch((again: unknown) => {
        throw new Error(`${messageOf(thrown)}; and making the table anew: ${messageOf(again)}`, {
          cause: again,
        });
      });
    }
  }

  #next(work: () => Promise<void>): Promise<void> {
    const mine = this.#tail.then(work, work);
    this.#tail = mine.catch(() => {});
    return mine;
  }
}
