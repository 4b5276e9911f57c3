// One more process in a container that runs.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchEngine } from '../engines.ts';
import type { Row } from '../row.ts';
import { millisecondsOf, removeContainer, startContainer } from '../work.ts';

/** Longer than anything that an engine keeps ready after an exec. */
const whileMs = 3500;

export const rows: readonly Row[] = [
  {
    name: 'exec true',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.333',
    open: inSleepers((engine, id) => execTrue(engine, id)),
  },
  {
    name: 'exec true, the first for a while',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.333',
    most: 9,
    open: inSleepers(async (engine, id) => {
      await sleep(whileMs);
      return await execTrue(engine, id);
    }),
  },
];

/** Rounds in a container of each engine that sleeps. */
function inSleepers(round: (engine: BenchEngine, id: string) => Promise<number>): Row['open'] {
  return async (bench) => {
    const contenders = [];
    for (const engine of await bench.engines()) {
      const id = await startContainer(engine.api, ['sleep', '6000']);
      bench.later(() => removeContainer(engine.api, id));
      contenders.push({ name: engine.name, round: () => round(engine, id) });
    }
    return contenders;
  };
}

/** Milliseconds of one `exec true` in a running container: create, start with its output read to the end, inspect. */
function execTrue(engine: BenchEngine, id: string): Promise<number> {
  return millisecondsOf(async () => {
    const path = `/containers/${id}/exec`;
    const exec = await engine.api.call<{ Id: string }>('POST', path, { Cmd: ['true'], AttachStdout: true });
    await engine.api.call('POST', `/exec/${exec.Id}/start`, { Detach: false });
    const state = await engine.api.call<{ ExitCode: number | null }>('GET', `/exec/${exec.Id}/json`);
    if (state.ExitCode !== 0) throw new Error(`exec ended with ${state.ExitCode}`);
  });
}
