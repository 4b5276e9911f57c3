// A row of the bench's table, and how to add one.
//
// 1. Make (or extend) a file in `rows/`: its name is the group that `--only` takes, and it exports `rows`.
//
//      export const rows: readonly Row[] = [
//        {
//          name: 'exec true', issue: 2, unit: 'ms', goal: '≤ 0.333',
//          async open(bench) {
//            const engines = await bench.engines();              // ours, then dockerd where it is there
//            const ids = new Map(...);                           // what the rounds need, one for each engine
//            bench.later(() => remove(ids));                     // undone after the row, also when it failed
//            return engines.map((engine) => ({ name: engine.name, round: () => timeOneExec(engine) }));
//          },
//        },
//      ];
//
// 2. The first contender is ours; the others are what it is measured beside (an engine, a program, a cold run of our
//    own). Rounds go over the contenders in turn; the ratio is the first's median by the second's. A row that has
//    nothing to stand beside gives one contender and an absolute goal.
// 3. A figure is in `unit`, a whole round is one figure. `millisecondsOf` (work.ts) times. What a round leaves behind
//    it removes itself, outside the time it measures.
// 4. `npm run bench -- --only GROUP --rounds 3` runs it: several words of `--only` are separated by commas, each is a
//    group or a part of a row's name.
import type { BenchEngine } from './engines.ts';

export interface Row {
  name: string;
  /** Number of the issue that asks for it. */
  issue: number;
  /** Of a figure, as printed: ms, MB/s, MiB, … */
  unit: string;
  /** As printed: a bound of the ratio (`≤ 0.333`) or of our own figure (`≤ 70 MiB`). */
  goal: string;
  /** Rounds at most, for slow work. With 1 there is no round before it that does not count. */
  most?: number;
  /** Makes ready what the rounds need. Throws `Skipped` where it cannot be measured here. */
  open(bench: Bench): Promise<Contender[]>;
}

/** One of the columns of a row. */
export interface Contender {
  name: string;
  /** Does the work once; the figure is in the row's unit. */
  round(): Promise<number>;
}

/** What a row's rounds are made of. */
export interface Bench {
  /** Of this row alone; removed after it. */
  folder: string;
  /** Ours, and dockerd where it is there; both started at the first call, with the image `work.image` imported. */
  engines(): Promise<BenchEngine[]>;
  /** The same, started for this row alone and stopped after it. */
  freshEngines(): Promise<BenchEngine[]>;
  /** Done after the row, the last first. */
  later(undo: () => unknown): void;
}

/** The row cannot be measured on this machine; the message says what is absent. */
export class Skipped extends Error {}
