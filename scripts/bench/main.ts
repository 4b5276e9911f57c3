// Prints a table of what people wait for: ours beside dockerd, one client, runs interleaved, medians. For people to
// read, never a test. `npm run bench -- --rounds 5 --only exec` makes it short.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { recipes } from '../images/recipes.ts';
import { makeRoot } from '../images/root.ts';
import { type BenchEngine, startDockerd, startWharf } from './engines.ts';
import * as work from './work.ts';

interface Row {
  name: string;
  unit: 'ms' | 'MB/s' | 'MiB';
  rounds: number;
  goal: string;
  round(engine: BenchEngine): Promise<number>;
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, only: { type: 'string', default: '' } },
});
const rounds = Number(values.rounds);
const folder = await mkdtemp(join(tmpdir(), 'whb-'));
const engines: BenchEngine[] = [];
try {
  engines.push(await startWharf(join(folder, 'w')));
  const peer = await startDockerd(join(folder, 'd'));
  if (peer === undefined)
    console.log('dockerd is absent: only ours is measured (scripts/bench/peers.sh unpacks one)');
  else engines.push(peer);
  await prepare();
  await measure();
} finally {
  for (const engine of engines) await removeAll(engine).catch(() => {});
  for (const engine of engines) await engine.stop();
  await rm(folder, { recursive: true, force: true }).catch((thrown) => console.error(String(thrown)));
}

async function prepare(): Promise<void> {
  const busybox = recipes.find((recipe) => recipe.packages === null);
  if (busybox === undefined) throw new Error('no recipe of a busybox image');
  const tarFile = join(folder, 'busybox.tar');
  await makeRoot(busybox, tarFile);
  for (const engine of engines) await work.importImage(engine.api, tarFile);
}

async function measure(): Promise<void> {
  const chosen = (name: string) => name.includes(values.only);
  const print = (cells: string[]) => console.log(`| ${cells.join(' | ')} |`);
  print(['work', 'n', ...engines.map((engine) => engine.name), 'ratio', 'to reach']);
  print(['---', '---', ...engines.map(() => '---'), '---', '---']);
  if (chosen('memory')) await measureMemory(print);
  const sleepers = await each((engine) => work.startContainer(engine.api, ['sleep', '6000']));
  const logs = chosen('logs')
    ? await each((engine) => work.writeLogs(engine.api))
    : new Map<BenchEngine, string>();
  for (const row of rowsOf(sleepers, logs).filter((row) => chosen(row.name))) {
    const medians = await interleave(row);
    const [ours = 0, theirs] = medians;
    print([
      row.name,
      String(row.rounds),
      ...medians.map((figure) => `${figure.toFixed(1)} ${row.unit}`),
      ratio(ours, theirs),
      row.goal,
    ]);
  }
  for (const ids of [sleepers, logs])
    for (const [engine, id] of ids) await work.removeContainer(engine.api, id);
}

function rowsOf(sleepers: Map<BenchEngine, string>, logs: Map<BenchEngine, string>): Row[] {
  const docker = join(import.meta.dirname, '../../.cache/peers/usr/bin/docker');
  const build = work.buildTenSteps(folder, engines.length > 1 ? docker : 'docker');
  const few = Math.min(rounds, 5);
  return [
    {
      name: 'create+start+wait+delete, bridge',
      unit: 'ms',
      rounds,
      goal: '≤ 0.167',
      round: work.lifeCycle('bridge'),
    },
    {
      name: 'create+start+wait+delete, none',
      unit: 'ms',
      rounds,
      goal: '≤ 0.125',
      round: work.lifeCycle('none'),
    },
    { name: 'exec true', unit: 'ms', rounds, goal: '≤ 0.333', round: work.execTrue(sleepers) },
    { name: '40 containers, 8 at a time', unit: 'ms', rounds, goal: '≤ 0.25', round: work.startForty },
    { name: 'build, 10 steps, no cache', unit: 'ms', rounds, goal: '≤ 0.333', round: build },
    { name: 'read 200 MB of logs', unit: 'MB/s', rounds: few, goal: '≥ 10', round: work.readLogs(logs) },
  ];
}

/** Containers outlive their engine; those of a bench that failed half-way must not. */
async function removeAll(engine: BenchEngine): Promise<void> {
  const rows = await engine.api.call<{ Id: string }[]>('GET', '/containers/json?all=1');
  for (const { Id } of rows) await work.removeContainer(engine.api, Id);
}

async function measureMemory(print: (cells: string[]) => void): Promise<void> {
  const figures: { idleMiB: number; perContainerMiB: number }[] = [];
  for (const engine of engines) figures.push(await work.memory(engine));
  const [ours, theirs] = figures;
  const cells = (key: 'idleMiB' | 'perContainerMiB') =>
    figures.map((figure) => `${figure[key].toFixed(1)} MiB`);
  print([
    'memory, idle engine, PSS',
    '1',
    ...cells('idleMiB'),
    ratio(ours?.idleMiB ?? 0, theirs?.idleMiB),
    '≤ 70 MiB',
  ]);
  print([
    'memory, each running container',
    '20',
    ...cells('perContainerMiB'),
    ratio(ours?.perContainerMiB ?? 0, theirs?.perContainerMiB),
    '≤ 1.5 MiB',
  ]);
}

async function each(make: (engine: BenchEngine) => Promise<string>): Promise<Map<BenchEngine, string>> {
  const made = new Map<BenchEngine, string>();
  for (const engine of engines) made.set(engine, await make(engine));
  return made;
}

/** Medians by engine; every round runs on each engine in turn, after one that does not count. */
async function interleave(row: Row): Promise<number[]> {
  const figures = engines.map((): number[] => []);
  for (let round = 0; round <= row.rounds; round++) {
    for (const [at, engine] of engines.entries()) {
      // What the one before still does after its answer is not to be paid by the next one.
      await sleep(300);
      const figure = await row.round(engine);
      if (round > 0) figures[at]?.push(figure);
    }
  }
  return figures.map(median);
}

function median(figures: number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function ratio(ours: number, theirs: number | undefined): string {
  return theirs === undefined || theirs === 0 ? '–' : (ours / theirs).toFixed(3);
}
