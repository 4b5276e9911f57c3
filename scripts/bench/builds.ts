// What the rows on builds share: contexts, and one whole `build` command by each engine's own client.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BenchEngine } from './engines.ts';
import { dockerProgram, peerEnvironment } from './peers.ts';
import type { Bench, Contender } from './row.ts';
import { benchFolder } from './sweep.ts';
import { image, millisecondsOf } from './work.ts';

export const tenSteps = [
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

/** Writes a context of these files into a new folder of the row. */
export async function contextOf(
  bench: Bench,
  dockerfile: readonly string[],
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<string> {
  const dir = mkdtempSync(join(bench.folder, 'context-'));
  for (const [name, content] of Object.entries({ ...files, Dockerfile: `${dockerfile.join('\n')}\n` })) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content);
  }
  return dir;
}

export interface BuildOf {
  engine: BenchEngine;
  /** What its users type. */
  program: string;
  env: NodeJS.ProcessEnv;
}

/** One contender an engine: ours with the release of our command line, dockerd with docker's and BuildKit. */
export async function byOwnClient(
  bench: Bench,
  engines: readonly BenchEngine[],
  round: (build: BuildOf) => Promise<number>,
): Promise<Contender[]> {
  const ours = join(await release(), 'bin/wharf');
  return engines.map((engine) => {
    const isOurs = engine.name === 'wharf';
    const host = { DOCKER_HOST: `unix://${engine.socket}`, DOCKER_BUILDKIT: '1' };
    const env = isOurs
      ? { ...process.env, ...host, XDG_CACHE_HOME: join(bench.folder, 'cache') }
      : { ...peerEnvironment(), ...host };
    const build = { engine, program: isOurs ? ours : dockerProgram(), env };
    return { name: isOurs ? 'wharf' : 'BuildKit', round: () => round(build) };
  });
}

/** Milliseconds of the whole command. Throws with what it said where it fails. */
export async function timeBuild({ program, env }: BuildOf, words: readonly string[]): Promise<number> {
  return await millisecondsOf(async () => {
    const child = spawn(program, ['build', '-q', '-t', 'built', ...words], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${program} build: ${said}`);
  });
}

let released: Promise<string> | undefined;

/** The release build of our command line, made once for all rows. */
function release(): Promise<string> {
  released ??= makeRelease();
  return released;
}

async function makeRelease(): Promise<string> {
  const folder = benchFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const script = join(import.meta.dirname, '../build/main.ts');
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error('the release cannot be built');
  return folder;
}
