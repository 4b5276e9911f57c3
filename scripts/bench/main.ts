// Prints a table of what people wait for: ours beside dockerd and others, one client, runs interleaved, medians. For
// people to read, never a test. `npm run bench -- --rounds 5 --only exec` makes it short; row.ts tells how to add one.
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Engines } from './engines.ts';
import { measureRow } from './measure.ts';
import { isDockerdThere } from './peers.ts';
import type { Row } from './row.ts';
import { benchFolder, deadBenches, sweep } from './sweep.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, only: { type: 'string', default: '' } },
});
const words = values.only.split(',').filter((word) => word !== '');
const chosen = (await everyRow()).filter(
  ({ group, row }) => words.length === 0 || words.some((word) => word === group || row.name.includes(word)),
);
if (chosen.length === 0) throw new Error(`no row for --only ${values.only}`);
// At once, in the middle of whatever is going on: to undo it all in good order would take minutes.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    console.error('interrupted: the rows that are missing were not measured');
    sweep(process.pid);
    process.exit(130);
  });
for (const pid of deadBenches()) sweep(pid);
const folder = benchFolder();
const engines = new Engines(folder);
try {
  if (!isDockerdThere()) console.log('dockerd is absent: scripts/bench/peers.sh unpacks one');
  const print = (cells: string[]) => console.log(`| ${cells.join(' | ')} |`);
  print(['work', 'n', 'wharf', 'beside', 'ratio', 'to reach']);
  print(['---', '---', '---', '---', '---', '---']);
  const rounds = Number(values.rounds);
  for (const { row } of chosen) print(await measureRow(row, { engines, rounds }));
} finally {
  await engines.stop();
  await rm(folder, { recursive: true, force: true }).catch((thrown) => console.error(String(thrown)));
}

/** By issue, then by file, in the order of the file. */
async function everyRow(): Promise<{ group: string; row: Row }[]> {
  const place = join(import.meta.dirname, 'rows');
  const found: { group: string; row: Row }[] = [];
  for (const file of readdirSync(place).sort()) {
    for (const row of await rowsIn(join(place, file))) found.push({ group: basename(file, '.ts'), row });
  }
  return found.sort((one, other) => one.row.issue - other.row.issue);
}

/** A file that cannot be loaded is named, and does not keep the others from being measured. */
async function rowsIn(path: string): Promise<readonly Row[]> {
  try {
    const { rows }: { rows: readonly Row[] } = await import(path);
    return rows;
  } catch (thrown) {
    console.error(`${path} cannot be loaded: ${thrown}`);
    return [];
  }
}
