// Reading what a container has written.
import type { Api } from '../api.ts';
import type { BenchEngine } from '../engines.ts';
import type { Bench, Row } from '../row.ts';
import { image, millisecondsOf, removeContainer } from '../work.ts';

export const rows: readonly Row[] = [
  {
    name: 'read 200 MB of logs',
    issue: 2,
    unit: 'MB/s',
    goal: '≥ 10',
    most: 5,
    async open(bench: Bench) {
      const contenders = [];
      for (const engine of await bench.engines()) {
        const id = await writeLogs(engine.api);
        bench.later(() => removeContainer(engine.api, id));
        contenders.push({ name: engine.name, round: () => readLogs(engine, id) });
      }
      return contenders;
    },
  },
];

const logBytes = 200_000_000;

/** Leaves a stopped container that has written 200 MB of log lines. */
async function writeLogs(api: Api): Promise<string> {
  const script = `yes ${'x'.repeat(99)} | head -c ${logBytes}`;
  const body = {
    Image: image,
    Cmd: ['sh', '-c', script],
    HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'json-file', Config: { 'max-size': '1g' } } },
  };
  const { Id } = await api.call<{ Id: string }>('POST', '/containers/create', body);
  await api.call('POST', `/containers/${Id}/start`);
  await api.call('POST', `/containers/${Id}/wait`);
  return Id;
}

/** Megabytes a second of reading those logs over the API. */
async function readLogs(engine: BenchEngine, id: string): Promise<number> {
  const path = `/containers/${id}/logs?stdout=1&stderr=1`;
  let bytes = 0;
  const spentMs = await millisecondsOf(async () => {
    bytes = await engine.api.stream('GET', path);
  });
  if (bytes < logBytes) throw new Error(`${engine.name} gave ${bytes} bytes of ${logBytes}`);
  return logBytes / 1e6 / (spentMs / 1000);
}
