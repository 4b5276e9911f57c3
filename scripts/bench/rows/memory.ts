// What an engine takes that does nothing, and what each running container adds. Counted on engines of their own, as
// memory remembers the work before it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchEngine } from '../engines.ts';
import { processesNaming, programOf, pssBytes } from '../processes.ts';
import type { Bench, Row } from '../row.ts';
import { removeContainer, startContainer } from '../work.ts';

/** Idle is after the work is over, not in the middle of it: both get the same pause. */
const pauseMs = 30_000;
const containers = 20;
const monitors = ['conmon', 'containerd-shim'];

const onFreshEngines = (work: (engine: BenchEngine) => Promise<number>) => async (bench: Bench) =>
  (await bench.freshEngines()).map((engine) => ({ name: engine.name, round: () => work(engine) }));

export const rows: readonly Row[] = [
  {
    name: 'memory, idle engine, PSS',
    issue: 2,
    unit: 'MiB',
    goal: '≤ 70 MiB',
    most: 1,
    open: onFreshEngines(idleMiB),
  },
  {
    name: 'memory, each of 20 running containers',
    issue: 2,
    unit: 'MiB',
    goal: '≤ 1.5 MiB',
    most: 1,
    open: onFreshEngines(perContainerMiB),
  },
];

const bytesOf = (pids: Iterable<number>) => [...pids].reduce((sum, pid) => sum + pssBytes(pid), 0);

async function idleMiB(engine: BenchEngine): Promise<number> {
  await sleep(pauseMs);
  return bytesOf(engine.pids()) / 2 ** 20;
}

/** Its monitor counts, its own process does not. */
async function perContainerMiB(engine: BenchEngine): Promise<number> {
  const idle = await idleMiB(engine);
  const ids: string[] = [];
  for (let count = 0; count < containers; count++)
    ids.push(await startContainer(engine.api, ['sleep', '600'], 'none'));
  const watchers = ids
    .flatMap(processesNaming)
    .filter((pid) => monitors.some((name) => programOf(pid).startsWith(name)));
  await sleep(pauseMs);
  const busy = bytesOf(engine.pids()) + bytesOf(new Set(watchers));
  for (const id of ids) await removeContainer(engine.api, id);
  return (busy / 2 ** 20 - idle) / containers;
}
