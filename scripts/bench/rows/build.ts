// Building images.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchEngine } from '../engines.ts';
import { dockerProgram, peerEnvironment } from '../peers.ts';
import type { Bench, Row } from '../row.ts';
import { image, millisecondsOf } from '../work.ts';

export const rows: readonly Row[] = [
  {
    name: 'build, 10 steps, no cache',
    issue: 2,
    unit: 'ms',
    goal: '≤ 0.333',
    open: async (bench: Bench) =>
      (await bench.engines()).map((engine) => ({
        name: engine.name,
        round: () => buildTenSteps(bench.folder, engine),
      })),
  },
];

const steps = [
  `FROM ${image}`,
  'RUN echo one > /one',
  'COPY a.txt /a.txt',
  'RUN mkdir -p /srv/data',
  'ENV MODE=bench',
  'COPY b.txt /srv/data/',
  'RUN cat /a.txt > /two',
  'WORKDIR /srv',
  'RUN echo three > three',
  'CMD ["cat", "/two"]',
];

/** Milliseconds of a ten-step Dockerfile without cache, by one docker CLI for both; BuildKit where the engine has it. */
async function buildTenSteps(folder: string, engine: BenchEngine): Promise<number> {
  const context = join(folder, 'context');
  await mkdir(context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), `${steps.join('\n')}\n`);
  for (const name of ['a', 'b']) await writeFile(join(context, `${name}.txt`), `${name}\n`);
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
