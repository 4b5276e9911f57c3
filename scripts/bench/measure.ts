// Measures one row: rounds over its contenders in turn, medians, and the line of the table.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engines } from './engines.ts';
import { type Contender, type Row, Skipped } from './row.ts';

/** What one does after its answer is not to be paid by the next. */
const restMs = 300;

/** What all rows have in common. */
export interface Measuring {
  engines: Engines;
  rounds: number;
}

/** The cells of a row: work, number of rounds, each contender's median, ratio, goal. */
export async function measureRow(row: Row, { engines, rounds }: Measuring): Promise<string[]> {
  const undos: (() => unknown)[] = [];
  const later = (undo: () => unknown) => void undos.push(undo);
  const folder = await mkdtemp(join(engines.folder, 'row-'));
  later(() => rm(folder, { recursive: true, force: true }));
  const freshEngines = async () => {
    const fresh = engines.another(folder);
    later(() => fresh.stop());
    return fresh.all();
  };
  const count = Math.min(rounds, row.most ?? rounds);
  try {
    const contenders = await row.open({ folder, later, freshEngines, engines: () => engines.all() });
    return cellsOf(row, count, contenders, await medians({ row, contenders, count }));
  } catch (thrown) {
    if (!(thrown instanceof Skipped)) throw thrown;
    return [row.name, '–', `not measured: ${thrown.message}`, '', '', row.goal];
  } finally {
    for (const undo of undos.reverse()) await undo();
  }
}

interface Turns {
  row: Row;
  contenders: Contender[];
  count: number;
}

async function medians({ row, contenders, count }: Turns): Promise<number[]> {
  const figures = contenders.map((): number[] => []);
  const first = row.most === 1 ? 0 : -1;
  for (let round = first; round < count; round++) {
    for (const [at, contender] of contenders.entries()) {
      await sleep(restMs);
      const figure = await contender.round();
      if (round >= 0) figures[at]?.push(figure);
    }
  }
  return figures.map(median);
}

export function median(figures: number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function cellsOf(row: Row, count: number, contenders: Contender[], figures: number[]): string[] {
  const [ours = 0, theirs = 0] = figures;
  const printed = figures.map((figure) => `${figure.toFixed(figure < 10 ? 2 : 1)} ${row.unit}`);
  const beside = contenders.slice(1).map(({ name }, at) => `${name} ${printed[at + 1]}`);
  const ratio = theirs === 0 ? '–' : (ours / theirs).toFixed(3);
  return [row.name, String(count), printed[0] ?? '', beside.join(', ') || '–', ratio, row.goal];
}
