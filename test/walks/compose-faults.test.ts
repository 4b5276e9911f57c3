// What is cut off is finished or taken away by the next command: our CLI killed in the middle of a replacement, the engine
// killed in the middle of up and of down; a service whose image is not to be had is named.
// also by the release's program
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wharfProgram } from '../wharf-program.ts';
import { type EngineUnderTest, eventually, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let folder: string;

before(async () => {
  engine = await startEngine();
  folder = join(engine.folder, 'cut');
  await mkdir(folder);
});
after(async () => engine?.[Symbol.asyncDispose]());

const file = (said: string, grace = '0s') => `
services:
  web:
    image: busybox
    command: ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]
    environment: {SAID: ${said}}
    volumes: [/kept]
    depends_on: [db]
    stop_grace_period: ${grace}
  db: {image: busybox, command: sleep 1000, stop_grace_period: 0s}
`;

const write = (text: string) => writeFile(join(folder, 'compose.yaml'), text);

async function compose(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await engine.wharf(['compose', ...args], { cwd: folder });
  assert.equal(code, 0, `compose ${args.join(' ')}\n${stdout}${stderr}\n${engine.log().slice(-2000)}`);
  return `${stdout}${stderr}`;
}

/** A command that runs until `seen`; `cut` then happens to it. */
async function cutOff(args: string[], seen: () => Promise<boolean>, cut: (kill: () => void) => unknown) {
  const child = spawn(wharfProgram, ['compose', ...args], {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, HOME: engine.folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await eventually('the middle of the command', async () => (await seen()) || undefined);
  await cut(() => child.kill('SIGKILL'));
  return { code: await ended, said };
}

interface Row {
  Names: string[];
  State: string;
}

async function rows(): Promise<string[]> {
  const { text } = await engine.call('GET', '/containers/json?all=1');
  const found: Row[] = JSON.parse(text);
  return found.map(({ Names, State }) => `${Names[0]?.slice(1)} ${State}`).sort();
}

const whole = ['cut-db-1 running', 'cut-web-1 running'];

test('the CLI killed while it replaces: the next up has one container, its name and its data', {
  timeout: 120_000,
}, async () => {
  await write(file('one', '6s'));
  await compose('up', '-d');
  await compose('exec', '-T', 'web', 'sh', '-c', 'echo data > /kept/item');
  await write(file('two', '6s'));
  const half = async () => (await rows()).some((row) => /^[0-9a-f]{12}_cut-web-1 /.test(row));
  await cutOff(['up', '-d'], half, (kill) => kill());
  await write(file('two'));
  await compose('up', '-d', '-t', '0');
  assert.deepEqual(await rows(), whole);
  assert.equal(await compose('exec', '-T', 'web', 'sh', '-c', 'echo $SAID; cat /kept/item'), 'two\ndata\n');
  assert.match(await compose('plan'), /^db: leave\nweb: leave$/m);
});

test('a replacement that only lacks its name gets it', { timeout: 60_000 }, async () => {
  const renamed = await engine.call('POST', '/containers/cut-web-1/rename?name=0123456789ab_cut-web-1');
  assert.equal(renamed.status, 204, renamed.text);
  assert.match(await compose('plan'), /^web: recreate: its replacement was interrupted$/m);
  await compose('up', '-d', '-t', '0');
  assert.deepEqual(await rows(), whole);
  assert.equal(await compose('exec', '-T', 'web', 'cat', '/kept/item'), 'data\n');
});

test('the engine killed in the middle of down, then of up', { timeout: 120_000 }, async () => {
  const cut = async () => {
    await engine.killHard();
  };
  const down = await cutOff(['down', '-t', '0'], async () => (await rows()).join() !== whole.join(), cut);
  if (down.code !== 0) assert.match(down.said, /Cannot connect|socket hang up|connection|ECONN/i);
  await engine.start();
  await compose('down', '-t', '0');
  assert.deepEqual(await rows(), []);
  assert.doesNotMatch((await engine.wharf(['network', 'ls'])).stdout, /cut_default/);
  const up = await cutOff(['up', '-d'], async () => (await rows()).length > 0, cut);
  if (up.code !== 0) assert.match(up.said, /Cannot connect|socket hang up|connection|ECONN/i);
  await engine.start();
  await compose('up', '-d');
  assert.deepEqual(await rows(), whole);
  await compose('down', '-t', '0', '-v');
});

test('an image that is not to be had is named with its service', async () => {
  await write('services: {web: {image: "busybox:no-such-tag"}}');
  const { code, stderr } = await engine.wharf(['compose', 'up', '-d'], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /no-such-tag/);
  assert.match(stderr, /service "web"/);
});

test('up --wait tells of a service that ends at once, with its last words', { timeout: 60_000 }, async () => {
  await write('services: {web: {image: busybox, command: ["sh", "-c", "echo no config; exit 3"]}}');
  const { code, stderr } = await engine.wharf(['compose', 'up', '--wait'], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /web/);
  assert.match(stderr, /exited \(3\)|code 3/);
  assert.match(stderr, /no config/);
  await compose('down');
});

test('a pre_start that fails keeps its service down with its last words, and is tried again', {
  timeout: 120_000,
}, async () => {
  await mkdir(join(folder, 'flag'), { recursive: true });
  await write(`
services:
  web:
    image: busybox
    command: sleep 1000
    volumes: [/kept, "./flag:/flag"]
    stop_grace_period: 0s
    pre_start:
      - {command: [sh, -c, "echo once >> /kept/order"]}
      - {command: [sh, -c, "echo no schema >&2; test -e /flag/there"]}
`);
  const { code, stderr } = await engine.wharf(['compose', 'up', '-d'], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /service "web": pre_start ".*" exited with code 1/);
  assert.match(stderr, /no schema/);
  assert.deepEqual(await rows(), ['cut-web-1 created', 'cut-web-1-pre_start-2 exited']);
  await writeFile(join(folder, 'flag/there'), '');
  await compose('up', '-d');
  assert.deepEqual(await rows(), ['cut-web-1 running']);
  await compose('stop');
  await compose('up', '-d');
  assert.equal(await compose('exec', '-T', 'web', 'cat', '/kept/order'), 'once\nonce\n');
  await compose('down', '-v');
  assert.deepEqual(await rows(), []);
});

interface State {
  Pid: number;
  StartedAt: string;
  Running: boolean;
}

const state = async (name: string): Promise<State> =>
  JSON.parse((await engine.call('GET', `/containers/cut-${name}-1/json`)).text).State;

/** The engine and the containers' processes end at once, as by a cut of power; resolves to how all runs afterwards. */
async function reboot(names: readonly string[]): Promise<State[]> {
  const before = await Promise.all(names.map(state));
  await engine.killHard();
  for (const { Pid } of before) process.kill(Pid, 'SIGKILL');
  await engine.start();
  return eventually(
    'all services',
    async () => {
      const states = await Promise.all(names.map(state));
      const isNew = states.every(({ Running, Pid }, at) => Running && Pid !== before[at]?.Pid);
      return isNew ? states : undefined;
    },
    60_000,
  );
}

const kept = 'image: busybox, restart: always, stop_grace_period: 0s';

test('after a reboot services start in the order of depends_on', { timeout: 120_000 }, async () => {
  const one = `${kept}, command: sleep 1000`;
  await write(`services: {a: {${one}, depends_on: [b]}, b: {${one}, depends_on: [c]}, c: {${one}}}`);
  await compose('up', '-d');
  const [a, b, c] = (await reboot(['a', 'b', 'c'])).map(({ StartedAt }) => StartedAt);
  assert.ok(`${c}` < `${b}` && `${b}` < `${a}`, [c, b, a].join(' < '));
  await compose('down');
});

test('after a reboot a service waits for the health of another, where the file says so', {
  timeout: 120_000,
}, async () => {
  // It is healthy from the fifth look on, of which each start of it has its own count.
  const check =
    'healthcheck: {test: "echo >> /tmp/looks; test $$(wc -l < /tmp/looks) -ge 5", interval: 500ms, retries: 9}';
  await write(`
services:
  web: {${kept}, command: sleep 1000, depends_on: {db: {condition: service_healthy}}}
  db: {${kept}, command: sh -c "rm -f /tmp/looks; exec sleep 1000", ${check}}
`);
  await compose('up', '-d');
  const [web, db] = await reboot(['web', 'db']);
  assert.ok(web !== undefined && db !== undefined);
  assert.ok(Date.parse(web.StartedAt) - Date.parse(db.StartedAt) > 2_000, 'five looks lie between them');
  await compose('down');
});
