// A project of eight services, two of which wait for another: the release build of our command line with our engine
// beside docker-compose with dockerd.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dockerComposeProgram, peerEnvironment } from '../peers.ts';
import { type Bench, type Contender, type Row, Skipped } from '../row.ts';
import { image, millisecondsOf } from '../work.ts';

const checkout = join(import.meta.dirname, '../../..');

/** What every service does: it ends as soon as it is told to, so that a `down` is not a measure of waiting. */
const service = `    image: ${image}
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"]
`;
const names = ['db', 'cache', 'queue', 'mail', 'web', 'api', 'worker', 'cron'];
const waiting = new Set(['web', 'api']);
const file = `services:\n${names
  .map((name) => `  ${name}:\n${service}${waiting.has(name) ? '    depends_on: [db]\n' : ''}`)
  .join('')}`;

/** One command line of `compose`, in the project's folder, to its end. */
type Compose = (...words: string[]) => Promise<void>;

interface Work {
  name: string;
  goal: string;
  /** Outside the time. */
  before?: string[];
  timed: string[];
  /** Outside the time. */
  after?: string[];
  /** Whether the project is up before the first round. */
  isUp: boolean;
}

const works: Work[] = [
  { name: 'up -d', goal: '≤ 0.5', timed: ['up', '-d'], after: ['down'], isUp: false },
  { name: 'up -d again, nothing to do', goal: '≤ 1.0', timed: ['up', '-d'], isUp: true },
  { name: 'ps', goal: '≤ 1.0', timed: ['ps'], isUp: true },
  { name: 'down', goal: '≤ 0.333', before: ['up', '-d'], timed: ['down'], isUp: false },
];

export const rows: readonly Row[] = works.map((work) => ({
  name: `compose ${work.name}, 8 services`,
  issue: 7,
  unit: 'ms',
  goal: work.goal,
  open: (bench) => contenders(bench, work),
}));

async function contenders(bench: Bench, { before, timed, after, isUp }: Work): Promise<Contender[]> {
  if (!existsSync(dockerComposeProgram())) throw new Skipped('docker-compose is absent');
  const release = join(bench.folder, 'release');
  await run({
    program: process.execPath,
    words: [join(checkout, 'scripts/build/main.ts'), release],
    cwd: checkout,
  });
  const folder = join(bench.folder, 'shop');
  await mkdir(folder);
  await writeFile(join(folder, 'compose.yaml'), file);
  const found: Contender[] = [];
  for (const engine of await bench.engines()) {
    const ours = engine.name === 'wharf';
    const env = {
      ...(ours ? process.env : peerEnvironment()),
      DOCKER_HOST: `unix://${engine.socket}`,
    };
    const compose: Compose = (...words) =>
      run({
        program: ours ? join(release, 'bin/wharf') : dockerComposeProgram(),
        words: ours ? ['compose', ...words] : words,
        cwd: folder,
        env,
      });
    bench.later(() => compose('down'));
    if (isUp) await compose('up', '-d');
    found.push({
      name: ours ? 'wharf' : 'docker-compose',
      async round() {
        if (before !== undefined) await compose(...before);
        const tookMs = await millisecondsOf(() => compose(...timed));
        if (after !== undefined) await compose(...after);
        return tookMs;
      },
    });
  }
  return found;
}

interface Run {
  program: string;
  words: string[];
  cwd: string;
  env?: NodeJS.ProcessEnv;
}

/** To its end, well; throws with what it said otherwise. */
async function run({ program, words, cwd, env = process.env }: Run): Promise<void> {
  const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${words.join(' ')}: ${said}`);
}
