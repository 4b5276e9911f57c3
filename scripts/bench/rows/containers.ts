// The life of a container, alone and in crowds.
import type { BenchEngine } from '../engines.ts';
import type { Bench, Row } from '../row.ts';
import { millisecondsOf, removeContainer, startContainer } from '../work.ts';

const onEngines = (work: (engine: BenchEngine) => Promise<number>) => async (bench: Bench) =>
  (await bench.engines()).map((engine) => ({ name: engine.name, round: () => work(engine) }));

export const rows: readonly Row[] = [
  {
    name: 'create+start+wait+delete, bridge',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.167',
    open: onEngines(lifeCycle('bridge')),
  },
  {
    name: 'create+start+wait+delete, none',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.125',
    open: onEngines(lifeCycle('none')),
  },
  {
    name: '40 containers, 8 at a time',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.25',
    open: onEngines(startForty),
  },
];

/** Milliseconds of create + start + wait + delete of `true`. */
function lifeCycle(networkMode: string) {
  return (engine: BenchEngine) =>
    millisecondsOf(async () => {
      const id = await startContainer(engine.api, ['true'], networkMode);
      await engine.api.call('POST', `/containers/${id}/wait`);
      await engine.api.call('DELETE', `/containers/${id}`);
    });
}

/** Milliseconds until 40 containers run, created and started 8 at a time. Their removal is not counted. */
async function startForty(engine: BenchEngine): Promise<number> {
  const ids: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next++ < 40) ids.push(await startContainer(engine.api, ['sleep', '600']));
  };
  const spentMs = await millisecondsOf(() => Promise.all(Array.from({ length: 8 }, worker)));
  for (let at = 0; at < ids.length; at += 8)
    await Promise.all(ids.slice(at, at + 8).map((id) => removeContainer(engine.api, id)));
  return spentMs;
}
