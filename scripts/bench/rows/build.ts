// Building images.
import { spawn } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { byOwnClient, contextOf, tenSteps, timeBuild } from '../builds.ts';
import type { BenchEngine } from '../engines.ts';
import { dockerProgram, peerEnvironment } from '../peers.ts';
import { pssBytes } from '../processes.ts';
import type { Bench, Row } from '../row.ts';
import { image, millisecondsOf } from '../work.ts';

const small = { 'a.txt': 'a\n', 'b.txt': 'b\n' };

export const rows: readonly Row[] = [
  {
    name: 'build, 10 steps, no cache',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.25',
    async open(bench: Bench) {
      const context = await contextOf(bench, tenSteps, small);
      return (await bench.engines()).map((engine) => ({
        name: engine.name,
        round: () => buildTenSteps(context, engine),
      }));
    },
  },
  {
    name: 'build, 10 steps, all cached, own client',
    issue: 4,
    unit: 'ms',
    goal: '≤ 0.5',
    async open(bench: Bench) {
      const context = await contextOf(bench, tenSteps, small);
      return byOwnClient(bench, await bench.engines(), (build) => timeBuild(build, [context]));
    },
  },
  {
    name: 'build, 10 steps, one file changed, own client',
    issue: 4,
    unit: 'ms',
    goal: '≤ 0.25',
    async open(bench: Bench) {
      const context = await contextOf(bench, tenSteps, small);
      let count = 0;
      return byOwnClient(bench, await bench.engines(), async (build) => {
        await writeFile(join(context, 'a.txt'), `a ${count++}\n`);
        return await timeBuild(build, [context]);
      });
    },
  },
  {
    name: 'build, 5,000-file context, no cache, own client',
    issue: 4,
    unit: 'ms',
    goal: '≤ 0.5',
    open: (bench: Bench) => manyFiles(bench, ['--no-cache']),
  },
  {
    name: 'build, 5,000-file context, cached, own client',
    issue: 4,
    unit: 'ms',
    goal: '≤ 0.5',
    open: (bench: Bench) => manyFiles(bench, []),
  },
  {
    name: 'build, four stages of sleep 1, own client',
    issue: 4,
    unit: 'ms',
    goal: '≤ 1150 ms',
    most: 3,
    async open(bench: Bench) {
      const names = ['one', 'two', 'three', 'four'];
      const stages = names.map((name) => `FROM ${image} AS ${name}\nRUN sleep 1; touch /${name}`);
      const last = names.map((name) => `COPY --from=${name} /${name} /`);
      const context = await contextOf(bench, [...stages, 'FROM scratch', ...last]);
      return byOwnClient(bench, await bench.engines(), (build) => timeBuild(build, ['--no-cache', context]));
    },
  },
  {
    name: 'build, growth of the engine over a 2 GB context',
    issue: 4,
    unit: 'MiB',
    goal: '≤ 64 MiB',
    most: 1,
    open: growth,
  },
];

async function manyFiles(bench: Bench, flags: readonly string[]) {
  const files: Record<string, string> = {};
  for (let at = 0; at < 5000; at++) files[`d${at % 50}/f${at}`] = `file ${at}\n`.repeat(60);
  const context = await contextOf(bench, [`FROM ${image}`, 'COPY . /app'], files);
  return byOwnClient(bench, await bench.engines(), (build) => timeBuild(build, [...flags, context]));
}

const hugeBytes = 2 * 2 ** 30;

/** What the engine needs more, at most, while it takes and copies one file of 2 GB. */
async function growth(bench: Bench) {
  const context = await contextOf(bench, ['FROM scratch', 'COPY huge /']);
  const file = await open(join(context, 'huge'), 'w');
  // No two files are alike, and none has holes that a client could leave out.
  const block = Buffer.alloc(1 << 20);
  for (let at = 0; at < hugeBytes; at += block.length) {
    block.writeUInt32LE(at / block.length);
    await file.write(block);
  }
  await file.close();
  return byOwnClient(bench, await bench.freshEngines(), async (build) => {
    const bytes = () => build.engine.pids().reduce((sum, pid) => sum + pssBytes(pid), 0);
    const before = bytes();
    let most = before;
    const timer = setInterval(() => {
      most = Math.max(most, bytes());
    }, 50);
    try {
      await timeBuild(build, [context]);
    } finally {
      clearInterval(timer);
    }
    return (most - before) / 2 ** 20;
  });
}

/** Milliseconds of a ten-step Dockerfile without cache, by one docker CLI for both; BuildKit where the engine has it. */
async function buildTenSteps(context: string, engine: BenchEngine): Promise<number> {
  const buildKit = engine.name === 'dockerd' ? '1' : '0';
  const env = { ...peerEnvironment(), DOCKER_BUILDKIT: buildKit, DOCKER_HOST: `unix://${engine.socket}` };
  return millisecondsOf(
    () =>
      new Promise<void>((resolve, reject) => {
        const child = spawn(dockerProgram(), ['build', '-q', '--no-cache', '-t', 'ten', context], {
          env,
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let errors = '';
        child.stderr.on('data', (text) => {
          errors += text;
        });
        child.once('error', reject);
        child.once('close', (code) =>
          code === 0 ? resolve() : reject(new Error(`${engine.name}: docker build: ${errors}`)),
        );
      }),
  );
}
