// Moving images: pull and push beside one registry, save and load, files in and out of a container.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { BenchEngine } from '../engines.ts';
import { makeMaterial, publish, type Shape } from '../image-material.ts';
import { type NearRegistry, startRegistry } from '../near-registry.ts';
import type { Bench, Contender, Row } from '../row.ts';
import { millisecondsOf, removeContainer, startContainer } from '../work.ts';

const shapes: { key: Shape; what: string; pullGoal: string }[] = [
  { key: 'one', what: 'one layer of 909 MB', pullGoal: '≤ 0.5' },
  { key: 'twelve', what: '12 layers of 70 MB', pullGoal: '≤ 0.6' },
  { key: 'small', what: '20,000 small files', pullGoal: '≤ 0.5' },
];

export const rows: readonly Row[] = [
  ...shapes.map(
    ({ key, what, pullGoal }): Row => ({
      name: `pull, ${what} (gzip)`,
      issue: 5,
      unit: 'ms',
      goal: pullGoal,
      most: 5,
      open: (bench) => pulls(bench, key),
    }),
  ),
  ...shapes.map(
    ({ key, what }): Row => ({
      name: `push, ${what}`,
      issue: 5,
      unit: 'ms',
      goal: '≤ 0.25',
      most: 3,
      open: (bench) => pushes(bench, key),
    }),
  ),
  { name: 'save, 300 MB', issue: 5, unit: 'ms', goal: '≤ 0.5', most: 5, open: saves },
  { name: 'load, 300 MB', issue: 5, unit: 'ms', goal: '≤ 0.5', most: 5, open: loads },
  { name: 'cp of 100 MB into a container', issue: 5, unit: 'ms', goal: '≤ 0.7', open: copiesIn },
  { name: 'cp of 100 MB out of a container', issue: 5, unit: 'ms', goal: '≤ 0.7', open: copiesOut },
];

interface Placed {
  engine: BenchEngine;
  registry: NearRegistry;
}

/** Each engine with a registry beside it that has the image `bench/<shape>`. */
async function placed(bench: Bench, shape: Shape): Promise<Placed[]> {
  const layers = await makeMaterial(join(bench.folder, 'material'), shape);
  const files = join(bench.folder, 'registry');
  const filling = await startRegistry(files);
  await publish(filling.host, `bench/${shape}`, layers).finally(() => filling.stop());
  const all: Placed[] = [];
  for (const engine of await bench.engines()) {
    const registry = await startRegistry(files, engine);
    bench.later(() => registry.stop());
    all.push({ engine, registry });
  }
  return all;
}

async function pulls(bench: Bench, key: Shape): Promise<Contender[]> {
  return (await placed(bench, key)).map(({ engine, registry }) => ({
    name: engine.name,
    round: async () => {
      const name = `${registry.host}/bench/${key}`;
      const spentMs = await millisecondsOf(() => pull(engine, name));
      await removed(engine, `${name}:latest`);
      return spentMs;
    },
  }));
}

async function pull({ api }: BenchEngine, name: string): Promise<void> {
  await told(api.text('POST', `/images/create?fromImage=${encodeURIComponent(name)}&tag=latest`));
}

/** One engine deletes before it answers, the other afterwards: neither is to be measured by it. */
async function removed({ api }: BenchEngine, name: string): Promise<void> {
  await api.call('DELETE', `/images/${name}`);
  await sleep(4_000);
}

/** Errors of a pull or push come in its stream. */
async function told(answer: Promise<string>): Promise<void> {
  const text = await answer;
  if (text.includes('"error"')) throw new Error(text.slice(text.indexOf('{"error'), 1000));
}

/** A pulled image goes to a registry that has nothing of it. */
async function pushes(bench: Bench, key: Shape): Promise<Contender[]> {
  const contenders: Contender[] = [];
  let count = 0;
  for (const { engine, registry } of await placed(bench, key)) {
    const name = `${registry.host}/bench/${key}:latest`;
    await pull(engine, `${registry.host}/bench/${key}`);
    bench.later(() => engine.api.call('DELETE', `/images/${name}?force=1`));
    const round = async (): Promise<number> => {
      const empty = await startRegistry(join(bench.folder, `empty-${count++}`), engine);
      const target = `${empty.host}/pushed/${key}`;
      await engine.api.call('POST', `/images/${name}/tag?repo=${encodeURIComponent(target)}&tag=latest`);
      const headers = { 'x-registry-auth': Buffer.from('{}').toString('base64url') };
      try {
        return await millisecondsOf(() =>
          told(engine.api.text('POST', `/images/${target}/push?tag=latest`, headers)),
        );
      } finally {
        await removed(engine, `${target}:latest`);
        await empty.stop();
      }
    };
    contenders.push({ name: engine.name, round });
  }
  return contenders;
}

const saved = 'bench-saved:latest';

/** 300 MB of files as an image of one layer, in each engine. */
async function imported(bench: Bench): Promise<BenchEngine[]> {
  const [layer] = await makeMaterial(join(bench.folder, 'material'), 'saved');
  const engines = await bench.engines();
  for (const { api } of engines) {
    const tar = createReadStream(layer?.tar.path ?? '');
    await api.stream('POST', '/images/create?fromSrc=-&repo=bench-saved&tag=latest', tar);
    bench.later(() => api.call('DELETE', `/images/${saved}`).catch(() => {}));
  }
  return engines;
}

async function saves(bench: Bench): Promise<Contender[]> {
  return (await imported(bench)).map(({ name, api }) => ({
    name,
    round: () => millisecondsOf(() => api.stream('GET', `/images/${saved}/get`)),
  }));
}

/** The archive is dockerd's own where it is there: both load the same bytes. */
async function loads(bench: Bench): Promise<Contender[]> {
  const engines = await imported(bench);
  const file = join(bench.folder, 'saved.tar');
  await engines.at(-1)?.api.toFile(`/images/${saved}/get`, file);
  return engines.map((engine) => ({
    name: engine.name,
    round: async () => {
      await removed(engine, saved);
      return await millisecondsOf(() => engine.api.stream('POST', '/images/load', inLargePieces(file)));
    },
  }));
}

async function withFile(bench: Bench): Promise<{ engine: BenchEngine; id: string; tar: string }[]> {
  const tar = join(bench.folder, 'file.tar');
  await writeFile(join(bench.folder, 'file'), randomBytes(100_000_000));
  await promisify(execFile)('tar', ['-C', bench.folder, '-cf', tar, 'file']);
  const all = [];
  for (const engine of await bench.engines()) {
    const id = await startContainer(engine.api, ['sleep', '6000']);
    bench.later(() => removeContainer(engine.api, id));
    await copyIn(engine, id, tar);
    all.push({ engine, id, tar });
  }
  return all;
}

const copyIn = ({ api }: BenchEngine, id: string, tar: string) =>
  api.stream('PUT', `/containers/${id}/archive?path=/tmp`, inLargePieces(tar));

// In pieces of 64 KiB, as by default, this client takes longer to send than either engine to take.
const inLargePieces = (path: string) => createReadStream(path, { highWaterMark: 1 << 18 });

async function copiesIn(bench: Bench): Promise<Contender[]> {
  return (await withFile(bench)).map(({ engine, id, tar }) => ({
    name: engine.name,
    round: () => millisecondsOf(() => copyIn(engine, id, tar)),
  }));
}

async function copiesOut(bench: Bench): Promise<Contender[]> {
  return (await withFile(bench)).map(({ engine, id }) => ({
    name: engine.name,
    round: () => millisecondsOf(() => engine.api.stream('GET', `/containers/${id}/archive?path=/tmp/file`)),
  }));
}
