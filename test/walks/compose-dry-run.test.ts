// `--dry-run` of every verb that acts: what would be done is told in Docker Compose's own form, and what reaches the engine
// is only asked: a proxy in between writes down every request.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { noStockCompose, stockCompose } from '../clients/stock-compose.ts';
import { type EngineUnderTest, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let folder: string;
let proxy: Server;
let asked: string[] = [];
let everAsked = false;

const file = `
services:
  web: {image: busybox, command: sleep 1000, depends_on: [db], stop_grace_period: 0s}
  db: {image: busybox, command: sleep 1000, volumes: ["data:/data"], stop_grace_period: 0s}
  made: {build: ., image: "dry-made:1", profiles: [later]}
volumes: {data: }
`;

before(async () => {
  engine = await startEngine();
  folder = join(engine.folder, 'dry');
  await mkdir(folder);
  await writeFile(join(folder, 'compose.yaml'), file);
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\n');
  proxy = createServer((from, to) => {
    asked.push(`${from.method} ${from.url}`);
    const { method, url: path, headers } = from;
    const onward = request({ socketPath: engine.socket, method, path, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(to);
    });
    onward.once('error', () => to.destroy());
    from.pipe(onward);
  });
  proxy.on('upgrade', (from, socket) => {
    asked.push(`${from.method} ${from.url}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(join(engine.folder, 'proxy.sock'), resolve));
});
after(async () => {
  proxy?.closeAllConnections();
  proxy?.close();
  await engine?.[Symbol.asyncDispose]();
});

async function compose(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await engine.wharf(['compose', ...args], { cwd: folder });
  assert.equal(code, 0, `compose ${args.join(' ')}\n${stdout}${stderr}`);
  return stderr;
}

/** Runs with the proxy in between; gives what was printed, and asserts that nothing was written. */
async function dry(...args: string[]): Promise<{ stdout: string; lines: string[] }> {
  asked = [];
  const env = { DOCKER_HOST: `unix://${join(engine.folder, 'proxy.sock')}` };
  const { code, stdout, stderr } = await engine.wharf(['compose', ...args], { cwd: folder, env });
  assert.equal(code, 0, `compose ${args.join(' ')}\n${stdout}${stderr}`);
  everAsked ||= asked.length > 0;
  assert.deepEqual(
    asked.filter((each) => !/^(GET|HEAD) /.test(each)),
    [],
    args.join(' '),
  );
  return { stdout, lines: stderr.split('\n').filter((line) => line !== '') };
}

const told = (what: string, ...states: string[]): string[] =>
  states.map((state) => ` DRY-RUN MODE -  ${what}  ${state}`);

/** Everything that there is, as far as a write would change it. */
async function everything(): Promise<string> {
  const paths = ['/containers/json?all=1', '/networks', '/volumes', '/images/json'];
  const texts = await Promise.all(paths.map(async (path) => (await engine.call('GET', path)).text));
  return texts.join('\n').replaceAll(/"Status":"[^"]*"/g, '');
}

test('before there is anything', { timeout: 120_000 }, async () => {
  const before = await everything();
  const { stdout, lines } = await dry('--dry-run', 'up', '-d');
  assert.match(stdout, /^db: create\nweb: create$/m);
  assert.deepEqual(lines.slice(0, 2), told('Network dry_default', 'Creating', 'Created'));
  for (const line of told('Container dry-web-1', 'Starting', 'Started'))
    assert.ok(lines.includes(line), line);
  assert.ok(lines.indexOf(told('Container dry-db-1', 'Started')[0] ?? '') > 0);
  assert.ok(
    (await dry('create', '--dry-run')).lines.includes(told('Container dry-db-1', 'Created')[0] ?? ''),
  );
  assert.deepEqual((await dry('--dry-run', '--profile', 'later', 'build', 'made')).lines, [
    ...told('Image dry-made:1', 'Building', 'Built'),
  ]);
  assert.deepEqual((await dry('--dry-run', '--profile', 'later', 'push', 'made')).lines, [
    ...told('Image dry-made:1', 'Pushing', 'Pushed'),
  ]);
  assert.deepEqual((await dry('--dry-run', 'pull', 'db')).lines, told('db', 'Pulling', 'Pulled'));
  const { lines: ran } = await dry('--dry-run', 'run', 'web', 'true');
  assert.match(ran.at(-1) ?? '', /^ DRY-RUN MODE - {2}Container dry-web-run-[0-9a-f]{12} {2}Created$/);
  assert.equal(await everything(), before);
  assert.ok(everAsked, 'requests go by the proxy');
});

test('of what runs nothing is changed', { timeout: 180_000 }, async () => {
  await compose('up', '-d');
  const before = await everything();
  const one = async (args: string[], what: string, ...states: string[]) =>
    assert.deepEqual((await dry(...args)).lines, told(what, ...states), args.join(' '));
  const web = 'Container dry-web-1';
  await one(['--dry-run', 'stop', 'web'], web, 'Stopping', 'Stopped');
  await one(['stop', '--dry-run', 'web'], web, 'Stopping', 'Stopped');
  await one(['--dry-run', 'start', 'web'], web, 'Starting', 'Started');
  await one(['--dry-run', 'restart', 'web'], web, 'Restarting', 'Started');
  await one(['--dry-run', 'kill', 'web'], web, 'Killing', 'Killed');
  await one(['--dry-run', 'pause', 'web'], web, 'Paused');
  await one(['--dry-run', 'unpause', 'web'], web, 'Unpaused');
  await one(['--dry-run', 'rm', '-s', 'web'], web, 'Removed');
  await one(['--dry-run', 'commit', 'web', 'dry:1'], web, 'Committing', 'Committed');
  await one(['--dry-run', 'export', '-o', 'web.tar', 'web'], web, 'Exporting', 'Exported');
  const copied = `dry-web-1 copy compose.yaml to dry-web-1:/tmp`;
  await one(['--dry-run', 'cp', 'compose.yaml', 'web:/tmp'], copied, 'Copying', 'Copied');
  const { stdout } = await dry('--dry-run', 'exec', 'web', 'rm', '-r', '/');
  assert.equal(stdout, ' DRY-RUN MODE - Executing command ["rm" "-r" "/"] in dry-web-1\n');
  const scaled = await dry('--dry-run', 'scale', 'web=2');
  assert.deepEqual(scaled.lines, [
    ...told('Container dry-web-2', 'Creating', 'Created', 'Starting', 'Started'),
  ]);
  const forced = await dry('--dry-run', 'up', '-d', '--force-recreate', '--no-deps', 'web');
  assert.deepEqual(forced.lines.slice(0, 2), told(web, 'Recreate', 'Recreated'));
  const gone = await dry('--dry-run', 'down', '-v');
  assert.deepEqual(gone.lines.slice(0, 2), told(web, 'Stopping', 'Stopped'));
  assert.deepEqual(gone.lines.slice(-1), told('Volume dry_data', 'Removed'));
  assert.equal(await everything(), before);
});

test('what cannot be shown without doing it is refused', async () => {
  const { code, stderr } = await engine.wharf(['compose', '--dry-run', 'attach', 'web'], { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /attach has no dry run/);
});

test('the stock docker-compose says the same', { skip: noStockCompose, timeout: 60_000 }, async () => {
  const env = { ...process.env, DOCKER_HOST: `unix://${engine.socket}` };
  const cwd = folder;
  for (const verb of ['stop', 'kill', 'pause']) {
    const args = ['--dry-run', '--progress', 'plain', verb, 'web'];
    const { stderr } = await promisify(execFile)(stockCompose ?? '', args, { env, cwd });
    const lines = stderr.split('\n').map((line) => line.trimEnd());
    assert.deepEqual((await dry('--dry-run', verb, 'web')).lines, lines.filter(Boolean), verb);
  }
  await compose('down', '-v');
});
