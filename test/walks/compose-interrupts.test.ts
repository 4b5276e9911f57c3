// Ctrl-C at any moment of up and down: what was begun is finished or taken back, that is said, the next up repairs it, and
// down leaves nothing. The moments are random, from a seed that is printed: WHARF_INTERRUPT_SEED=N repeats them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { wharfProgram } from '../wharf-program.ts';
import { type EngineUnderTest, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let folder: string;
const seed = Number(process.env['WHARF_INTERRUPT_SEED'] ?? 7);
console.log(`the moments are those of WHARF_INTERRUPT_SEED=${seed}`);
let state = seed;
/** How the interrupted commands ended. */
const ends: string[] = [];

/** From 0 to 1. */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

const file = `
services:
  web:
    image: busybox
    command: sleep 1000
    depends_on: {db: {condition: service_healthy}, made: {condition: service_started}}
    pre_start: [{command: [sh, -c, "sleep 0.2; echo one >> /data/before"]}]
    volumes: ["data:/data"]
    stop_grace_period: 0s
  db:
    image: busybox
    command: sh -c "sleep 0.3; touch /tmp/ready; exec sleep 1000"
    healthcheck: {test: test -e /tmp/ready, interval: 200ms, retries: 50}
    stop_grace_period: 0s
  made:
    build: {context: ., no_cache: true}
    command: sh -c "trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.1; done"
  other: {image: busybox, command: sleep 1000, networks: [side], stop_grace_period: 0s, scale: 2}
networks: {side: }
volumes: {data: }
`;

before(async () => {
  engine = await startEngine();
  folder = join(engine.folder, 'cut');
  await mkdir(folder);
  await writeFile(join(folder, 'compose.yaml'), file);
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nRUN sleep 0.3\n');
});
after(async () => engine?.[Symbol.asyncDispose]());

async function compose(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await engine.wharf(['compose', ...args], { cwd: folder });
  assert.equal(code, 0, `compose ${args.join(' ')}\n${stdout}${stderr}\n${engine.log().slice(-2000)}`);
  return stdout;
}

interface Cut {
  code: number | null;
  signal: NodeJS.Signals | null;
  said: string;
}

/** Runs the command and interrupts it after each of these spans. */
async function interrupt(args: string[], spansMs: readonly number[]): Promise<Cut> {
  const child = spawn(wharfProgram, ['compose', ...args], {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, HOME: engine.folder },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const closed = new Promise<Cut>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, said }));
  });
  for (const spanMs of spansMs) {
    await Promise.race([sleep(spanMs), closed]);
    child.kill('SIGINT');
  }
  return closed;
}

/** Names and states of the containers, names of networks and volumes that are the project's. */
async function things(): Promise<string[]> {
  const ask = async (path: string) => JSON.parse((await engine.call('GET', path)).text);
  const containers: { Names: string[]; State: string }[] = await ask('/containers/json?all=1');
  const networks: { Name: string }[] = await ask('/networks');
  const volumes: { Volumes: { Name: string }[] | null } = await ask('/volumes');
  return [
    ...containers.map(({ Names, State }) => `${Names[0]?.slice(1)} ${State}`),
    ...networks.flatMap(({ Name }) => (Name.startsWith('cut_') ? [Name] : [])),
    ...(volumes.Volumes ?? []).map(({ Name }) => Name),
  ].sort();
}

const whole = [
  'cut-db-1 running',
  'cut-made-1 running',
  'cut-other-1 running',
  'cut-other-2 running',
  'cut-web-1 running',
  'cut_data',
  'cut_default',
  'cut_side',
];

/** What an interrupted command may end with, and what it says then. */
async function assertEnded(cut: Cut, { before, twice }: { before: string[]; twice: boolean }): Promise<void> {
  const now = await things();
  const told = `${JSON.stringify({ ...cut, now })}`;
  // It came before the command had begun: nothing was done.
  if (cut.signal === 'SIGINT') return assert.deepEqual(now, before, told);
  if (cut.code === 0) return;
  assert.equal(cut.code, 130, told);
  assert.match(cut.said, /canceled/, told);
  assert.match(cut.said, /up again goes on from there/, told);
  if (twice) return;
  assert.deepEqual(
    now.filter((name) => /^[0-9a-f]{12}_|-pre_start-/.test(name)),
    [],
    `nothing is half made: ${told}`,
  );
}

async function repaired(): Promise<void> {
  await compose('up', '-d');
  assert.deepEqual(await things(), whole);
  assert.equal(await compose('plan'), 'db: leave\nmade: leave\nother: leave\nweb: leave\n');
}

async function gone(): Promise<void> {
  await compose('down', '-v', '-t', '1');
  assert.deepEqual(await things(), []);
}

/** How long it takes where nobody interrupts. */
async function spanOf(...args: string[]): Promise<number> {
  const beganMs = performance.now();
  await compose(...args);
  return performance.now() - beganMs;
}

test('twenty interrupts of up', { timeout: 400_000 }, async () => {
  const spanMs = await spanOf('up', '-d', '--build');
  await repaired();
  await gone();
  for (let round = 0; round < 20; round++) {
    const twice = round % 4 === 3;
    const spans = [random() * spanMs, ...(twice ? [30 + random() * 100] : [])];
    // Some of them in the middle of a replacement.
    const args = ['up', '-d', '--build'];
    if (round % 5 === 4) {
      await compose('up', '-d');
      args.push('--force-recreate');
    }
    const before = await things();
    const cut = await interrupt(args, spans);
    ends.push(cut.signal ?? String(cut.code));
    await assertEnded(cut, { before, twice });
    await repaired();
    await gone();
  }
});

test('ten interrupts of down', { timeout: 300_000 }, async () => {
  await compose('up', '-d');
  const spanMs = await spanOf('down', '-v');
  for (let round = 0; round < 10; round++) {
    await repaired();
    const before = await things();
    const twice = round % 3 === 2;
    const cut = await interrupt(['down', '-v'], [random() * spanMs, ...(twice ? [random() * 100] : [])]);
    ends.push(cut.signal ?? String(cut.code));
    await assertEnded(cut, { before, twice });
    if (round % 2 === 0) await repaired();
    await gone();
  }
});

test('some of them were in the middle', () => {
  console.log(`ended with ${ends.join(' ')}`);
  assert.ok(ends.includes('130'));
});
