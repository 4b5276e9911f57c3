// The engine's tables in the kernel: made by scripts, changed element by element, looked after when others flush.
import {
  applyRules,
  changeElements,
  countRules,
  type ElementChange,
  removeTable,
  rulesetGeneration,
} from '#kernel/firewall.ts';
import { internal, isKind, messageOf } from '#shared/errors.ts';
import type { Steered } from '../names/steering.ts';
import type { BridgeNetwork } from '../store.ts';
import {
  type Element,
  elementChange,
  elementText,
  networkElements,
  openingElements,
  steeredElements,
} from './elements.ts';
import type { Openings } from './openings.ts';
import {
  adminChain,
  allElements,
  type RuleView,
  renderBare,
  renderTable,
  type Things,
  thingElements,
} from './table.ts';

const families = ['inet', 'bridge'] as const;
/** Between two times that elements are put back, as many times as long as the first took. */
const restsFor = 100;
const longestRestMs = 5_000;

const nameOf = (element: Element): string => `${element.family} ${element.holder} ${elementText(element)}`;

/** Every change waits for the one before. A change that fails is tried again as whole new tables from the records. */
export class Firewall {
  #view: () => Omit<RuleView, 'hasBridgeFilter'>;
  #warn: (message: string) => void;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #hasBridgeFilter = true;
  /** How many rules the tables have when they are whole. */
  #expected = '';
  #generation = 0;
  /** Whether others changed rules, theirs or ours, since it was last told. */
  #isTouched = false;
  /** Whether others changed rules since all elements were last put back. */
  #mayLackElements = false;
  #restUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `view` says how the tables ought to be, by the records of that moment. */
  constructor(view: () => Omit<RuleView, 'hasBridgeFilter'>, warn: (message: string) => void = () => {}) {
    this.#view = view;
    this.#warn = warn;
  }

  /** Afterwards the tables are as the records say. */
  ensure(): Promise<void> {
    return this.#next(() => this.#makeWhole());
  }

  /** Adds what was just recorded of containers. At once, where nothing else is under way. */
  add(things: Things): Promise<void> {
    return this.#change(thingElements(things), false);
  }

  /** Takes away what is recorded no more of containers. */
  remove(things: Things): Promise<void> {
    const { endpoints } = this.#view();
    const macs = new Set(endpoints.map(({ mac }) => mac));
    const elements = thingElements(things).filter(
      ({ holder, key }) => holder !== 'taken_mac' || !macs.has(key[0]?.[1] ?? ''),
    );
    return this.#change(elements, true);
  }

  /** Takes questions for names off their ways, and sends them others, at once. */
  steer(before: Steered[], after: Steered[]): Promise<void> {
    const added = after.flatMap(steeredElements);
    const removed = before.flatMap(steeredElements);
    return this.#changeAll({ added, removed });
  }

  /** Whether bridged packets can be filtered. */
  get filtersBridges(): boolean {
    return this.#hasBridgeFilter;
  }

  /** Opens what links open now and did not before, and closes what they did. At once. */
  reopen(before: Openings, after: Openings): Promise<void> {
    const [old, wanted] = [before, after].map(openingElements) as [Element[], Element[]];
    const without = (all: Element[], others: Element[]): Element[] => {
      const known = new Set(others.map(nameOf));
      return this.#known(all.filter((each) => !known.has(nameOf(each))));
    };
    return this.#changeAll({ added: without(wanted, old), removed: without(old, wanted) });
  }

  addNetwork(network: BridgeNetwork): Promise<void> {
    return this.#change(networkElements(network), false);
  }

  removeNetwork(network: BridgeNetwork): Promise<void> {
    return this.#change(networkElements(network), true);
  }

  /** Afterwards there are no tables; a chain that an administrator filled stays. */
  drop(): Promise<void> {
    this.unwatch();
    return this.#next(async () => {
      const { table } = this.#view();
      if (this.#hasBridgeFilter) await removeTable('bridge', table);
      if ((countRules('inet', table).get(adminChain) ?? 0) === 0) await removeTable('inet', table);
      else await applyRules(renderBare(table));
    });
  }

  /** Whether tables or rules of ours are missing. About 0.1 ms; 20 µs where nobody changed the ruleset. */
  isDamaged(): boolean {
    const generation = rulesetGeneration();
    if (generation === this.#generation) return false;
    this.#isTouched = true;
    this.#mayLackElements = true;
    const damaged = this.#counts() !== this.#expected;
    if (!damaged) this.#generation = generation;
    return damaged;
  }

  /**
   * Looks every `intervalMs` whether someone flushed our rules, and makes them anew; `also` is called then too, and told
   * whether somebody changed any rules. Keeps no process alive.
   */
  watch(intervalMs: number, also: (isTouched: boolean) => void = () => {}): void {
    this.unwatch();
    this.#timer = setInterval(() => {
      this.#look();
      const isTouched = this.#isTouched;
      this.#isTouched = false;
      try {
        also(isTouched);
      } catch (thrown) {
        this.#warn(messageOf(thrown));
      }
    }, intervalMs);
    this.#timer.unref();
  }

  unwatch(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  // Elements are not counted: where somebody changed rules, ours are put back whether they are missing or not.
  #look(): void {
    if (this.#waiting > 0 || this.#expected === '') return;
    const isDamaged = this.isDamaged();
    if (isDamaged) this.#warn('firewall rules of ours were removed by another program: they are made anew');
    else if (!this.#mayLackElements || performance.now() < this.#restUntilMs) return;
    this.#mayLackElements = false;
    const mended = isDamaged ? this.ensure() : this.#putBack();
    mended.catch((thrown: unknown) => this.#warn(messageOf(thrown)));
  }

  /** For 500 endpoints some 50 ms: a host whose rules change all the time is not to wait for that each time. */
  async #putBack(): Promise<void> {
    const startedMs = performance.now();
    await this.#change(allElements(this.#view()), false);
    const tookMs = performance.now() - startedMs;
    this.#restUntilMs = performance.now() + Math.min(tookMs * restsFor, longestRestMs);
  }

  #known = <T extends { family: string }>(elements: T[]): T[] =>
    this.#hasBridgeFilter ? elements : elements.filter(({ family }) => family !== 'bridge');

  #counts(): string {
    const { table } = this.#view();
    return JSON.stringify(
      families.map((family) =>
        [...countRules(family, table)].filter(([chain]) => chain !== adminChain).sort(),
      ),
    );
  }

  async #makeWhole(): Promise<void> {
    const rules = renderTable({ ...this.#view(), hasBridgeFilter: this.#hasBridgeFilter });
    try {
      await applyRules(rules).catch((thrown: unknown) => {
        // The kernel may have been loading modules. Slowness is no refusal: containers would not be kept apart for it.
        if (!isKind(thrown, 'unavailable')) throw thrown;
        return applyRules(rules);
      });
    } catch (thrown) {
      if (!this.#hasBridgeFilter || isKind(thrown, 'unavailable')) throw thrown;
      await applyRules(renderTable({ ...this.#view(), hasBridgeFilter: false }));
      this.#hasBridgeFilter = false;
      this.#warn(
        `containers can use each other's addresses, the kernel does not filter on bridges: ${messageOf(thrown)}`,
      );
    }
    this.#expected = this.#counts();
    this.#generation = rulesetGeneration();
  }

  #change(all: Element[], isRemoval: boolean): Promise<void> {
    const elements = this.#known(all);
    return this.#changeAll(isRemoval ? { added: [], removed: elements } : { added: elements, removed: [] });
  }

  #changeAll({ added, removed }: { added: Element[]; removed: Element[] }): Promise<void> {
    if (added.length + removed.length === 0) return Promise.resolve();
    const { table } = this.#view();
    const each = (verb: 'add' | 'delete', elements: Element[]): ElementChange[] =>
      elements.map((element) => elementChange(verb, table, element));
    // Adding first makes the deletion succeed where the element is gone already.
    const changes = [...each('add', removed), ...each('delete', removed), ...each('add', added)];
    return this.#next(() => this.#orWhole(() => changeElements(changes)));
  }

  // Someone flushed the ruleset, or an element of a dead container is in the way.
  async #orWhole(work: () => Promise<void> | void): Promise<void> {
    const isUnchanged = rulesetGeneration() === this.#generation;
    try {
      await work();
    } catch (thrown) {
      return this.#makeWhole().catch((again: unknown) => {
        throw internal(`${messageOf(thrown)}; and making the tables anew: ${messageOf(again)}`, {
          cause: again,
        });
      });
    }
    // Our own change is none to be looked into.
    if (isUnchanged) this.#generation = rulesetGeneration();
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    const mine = (this.#waiting === 1 ? work() : this.#tail.then(work, work)).finally(() => {
      this.#waiting -= 1;
    });
    this.#tail = mine.catch(() => {});
    return mine;
  }
}
