// One more process in a container that runs.
import type { BenchEngine } from '../engines.ts';
import type { Bench, Row } from '../row.ts';
import { millisecondsOf, removeContainer, startContainer } from '../work.ts';

export const rows: readonly Row[] = [
  {
    name: 'exec true',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.333',
    async open(bench: Bench) {
      const contenders = [];
      for (const engine of await bench.engines()) {
        const id = await startContainer(engine.api, ['sleep', '6000']);
        bench.later(() => removeContainer(engine.api, id));
        contenders.push({ name: engine.name, round: () => execTrue(engine, id) });
      }
      return contenders;
    },
  },
];

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
