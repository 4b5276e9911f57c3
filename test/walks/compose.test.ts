// The story of Compose, by our CLI: a project comes up in its order, stays as it is, changes by one field, goes and comes back.
// also by the release's program
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wharfProgram } from '../wharf-program.ts';
import { type EngineUnderTest, eventually, freePort, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let folder: string;
let port: number;

before(async () => {
  engine = await startEngine();
  folder = join(await mkdtemp('/tmp/wharf-walk-compose-'), 'shop');
  await mkdir(join(folder, 'app'), { recursive: true });
  port = await freePort();
  await writeFile(
    join(folder, 'app/Dockerfile'),
    'FROM busybox\nCOPY index.html /www/\nCMD ["sh", "-c", "echo serving $GREETING; exec httpd -f -p 80 -h /www"]\n',
  );
  await writeFile(join(folder, 'app/index.html'), 'the shop is open\n');
  await writeProject('hello');
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(join(folder, '..'), { recursive: true, force: true });
});

function writeProject(greeting: string): Promise<void> {
  const text = `
services:
  web:
    build: ./app
    ports: ["127.0.0.1:${port}:80"]
    depends_on: {db: {condition: service_healthy}}
    environment: {GREETING: ${greeting}}
    stop_grace_period: 0s
  db:
    image: busybox
    command: ["sh", "-c", "[ -e /data/item ] || echo first > /data/item; sleep 0.5; touch /tmp/ready; echo ready; exec sleep 1000"]
    volumes: ["data:/data"]
    healthcheck: {test: "test -e /tmp/ready", interval: 100ms, retries: 100}
    stop_grace_period: 0s
volumes: {data: }
`;
  return writeFile(join(folder, 'compose.yaml'), text);
}

async function compose(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await engine.wharf(['compose', ...args], { cwd: folder });
  assert.equal(code, 0, `compose ${args.join(' ')}\n${stdout}${stderr}\n${engine.log().slice(-2000)}`);
  return `${stdout}${stderr}`;
}

const ids = async () => (await compose('ps', '-aq', '--no-trunc')).trim().split('\n').filter(Boolean);

test('the plan tells what will be made, and makes nothing', async () => {
  const planned = await compose('plan');
  assert.match(planned, /^network shop_default: create$/m);
  assert.match(planned, /^volume shop_data: create$/m);
  assert.match(planned, /^web: create$/m);
  assert.match(await compose('--dry-run', 'up'), /^db: create$/m);
  assert.deepEqual(await ids(), []);
});

test('up builds, waits for the health check, and the port answers', { timeout: 120_000 }, async () => {
  const said = await compose('up', '-d', '--wait');
  assert.match(said, /Image shop-web {2}Built/);
  assert.match(said, /Container shop-db-1 {2}Started[\s\S]*Container shop-web-1 {2}Started/);
  const page = await eventually('the page', () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      (answer) => answer.text(),
      () => undefined,
    ),
  );
  assert.equal(page, 'the shop is open\n');
});

test('ps, logs, exec, port, top, images, ls, config', async () => {
  assert.match(await compose('ps'), /^shop-db-1 .*\(healthy\)/m);
  const [first] = (await compose('ps', '--format', 'json', 'web')).split('\n');
  assert.equal(JSON.parse(first ?? '').Service, 'web');
  assert.match(await compose('logs', '--no-color'), /^web-1 {2}\| serving hello$/m);
  assert.equal(await compose('exec', '-T', 'db', 'cat', '/data/item'), 'first\n');
  assert.equal(await compose('port', 'web', '80'), `127.0.0.1:${port}\n`);
  assert.match(await compose('top', 'db'), /sleep 1000/);
  assert.match(await compose('images'), /^shop-web-1 +shop-web +latest/m);
  assert.match(await compose('ls'), /^shop +running\(2\)/m);
  assert.equal(await compose('config', '--services'), 'db\nweb\n');
  assert.equal(await compose('run', '--rm', '--no-deps', '-T', 'web', 'echo', 'once'), 'once\n');
});

test('without its file a project is known by its name; wharf-compose is the same program', async () => {
  const elsewhere = await engine.wharf(['compose', '-p', 'shop', 'ps', '--services'], { cwd: '/' });
  assert.equal(elsewhere.stdout, 'db\nweb\n', elsewhere.stderr);
  const nothing = await engine.wharf(['compose', 'ps'], { cwd: '/' });
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /no configuration file provided: not found/);
  const old = execFileSync(`${wharfProgram}-compose`, [
    '-f',
    join(folder, 'compose.yaml'),
    'config',
    '--services',
  ]);
  assert.equal(old.toString(), 'db\nweb\n');
});

test('a command that fails gives its exit code, an unknown service its name', async () => {
  assert.equal(
    (await engine.wharf(['compose', 'exec', '-T', 'db', 'sh', '-c', 'exit 7'], { cwd: folder })).code,
    7,
  );
  const { code, stderr } = await engine.wharf(['compose', 'up', 'wbe'], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /no such service: wbe/);
});

test('stop, start, pause, restart, kill, rm, cp, scale', { timeout: 120_000 }, async () => {
  const states = async () =>
    (await compose('ps', '-a', '--format', '{{.Name}} {{.State}}')).trim().split('\n');
  await compose('pause', 'web');
  assert.deepEqual(await states(), ['shop-db-1 running', 'shop-web-1 paused']);
  await compose('unpause', 'web');
  await compose('stop', 'web');
  await compose('start', 'web');
  await compose('restart', 'web');
  assert.deepEqual(await states(), ['shop-db-1 running', 'shop-web-1 running']);
  await compose('cp', 'app/index.html', 'db:/tmp/page');
  assert.equal(await compose('exec', '-T', 'db', 'cat', '/tmp/page'), 'the shop is open\n');
  await compose('up', '-d', '--scale', 'db=2', '--no-deps', 'db');
  assert.deepEqual(await states(), ['shop-db-1 running', 'shop-db-2 running', 'shop-web-1 running']);
  await compose('up', '-d', 'db');
  await compose('kill', 'web');
  await compose('rm', '-f', 'web');
  assert.deepEqual(await states(), ['shop-db-1 running']);
  await compose('up', '-d', '--wait');
});

test('--exit-code-from ends all with the code of its service', { timeout: 60_000 }, async () => {
  const text =
    'services: {job: {image: busybox, command: "sh -c \'echo done; exit 5\'"}, side: {image: busybox, command: sleep 1000, stop_grace_period: 0s}}';
  await writeFile(join(folder, 'job.yaml'), text);
  const line = ['compose', '-p', 'job', '-f', 'job.yaml'];
  const { code, stdout } = await engine.wharf([...line, 'up', '--exit-code-from', 'job'], { cwd: folder });
  assert.equal(code, 5, stdout);
  assert.match(stdout, /^job-1 {3}\| done$/m);
  assert.equal((await engine.wharf([...line, 'down'], { cwd: folder })).code, 0);
});

test('up again changes nothing', async () => {
  const before = await ids();
  assert.match(await compose('plan'), /^db: leave\nweb: leave$/m);
  await compose('up', '-d');
  assert.deepEqual(await ids(), before);
});

test('one changed variable is named, and replaces its service alone', { timeout: 60_000 }, async () => {
  const [db, web] = await ids();
  await writeProject('bonjour');
  assert.match(await compose('plan'), /^web: recreate: environment.GREETING hello → bonjour$/m);
  await compose('up', '-d', '--wait');
  const now = await ids();
  assert.equal(now[0], db);
  assert.notEqual(now[1], web);
  assert.match(await compose('logs', 'web'), /serving bonjour/);
});

test('down keeps the volume, up finds its data, down -v takes it', { timeout: 120_000 }, async () => {
  await compose('exec', '-T', 'db', 'sh', '-c', 'echo second >> /data/item');
  await compose('down');
  assert.deepEqual(await ids(), []);
  await compose('up', '-d', '--wait');
  assert.equal(await compose('exec', '-T', 'db', 'cat', '/data/item'), 'first\nsecond\n');
  await compose('down', '-v');
  const { stdout } = await engine.wharf(['volume', 'ls', '-q']);
  assert.equal(stdout, '');
});

test('an interrupt while up waits ends it with 130, and the next up goes on', {
  timeout: 120_000,
}, async () => {
  const child = spawn(wharfProgram, ['compose', 'up', '-d'], {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, HOME: engine.folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/Container shop-db-1 {2}Started/.test(said) && !child.killed) child.kill('SIGINT');
  });
  assert.equal(await ended, 130, said);
  assert.match(said, /canceled/);
  await compose('up', '-d', '--wait');
  assert.match(await compose('ps'), /^shop-web-1 .* Up /m);
  await compose('down', '-v');
});

test('in the foreground the output is shown; an interrupt stops, and keeps the containers', {
  timeout: 60_000,
}, async () => {
  const child = spawn(wharfProgram, ['compose', 'up'], {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, HOME: engine.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let told = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/web-1 {2}\| serving bonjour/.test(said) && !child.killed) child.kill('SIGINT');
  });
  assert.equal(await ended, 130, `${said}${told}${child.signalCode}`);
  assert.match(told, /Gracefully Stopping/);
  assert.match(said, /^db-1 {3}\| ready$/m);
  assert.match(await compose('ps', '-a'), /^shop-web-1 .* Exited /m);
  await compose('down', '-v', '--rmi', 'local');
  assert.doesNotMatch((await engine.wharf(['images'])).stdout, /shop-web/);
});
