// A Hub of one's own, driven by its users' clients: our CLI and the stock docker client through the engine, and skopeo.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { wharfProgram } from '../wharf-program.ts';
import { type Client, type EngineUnderTest, noDocker, type Ran, startEngine } from './engine-under-test.ts';

const execute = promisify(execFile);
const password = 'a secret of alice';
let engine: EngineUnderTest;
let folder: string;
const hubs: ChildProcess[] = [];
/** `127.0.0.1:PORT` of a Hub that is open to everybody, and of one with users. */
let open: string;
let closed: string;

before(async () => {
  folder = await mkdtemp('/tmp/wharf-walk-hub-');
  await execute('sh', [
    '-c',
    `echo '${password}' | ${wharfProgram} hub user add --password-stdin --root ${folder}/closed alice`,
  ]);
  [engine, open, closed] = await Promise.all([startEngine(), serveHub('open'), serveHub('closed')]);
  await ran(engine.wharf, ['pull', 'busybox']);
});

after(async () => {
  await engine?.[Symbol.asyncDispose]();
  for (const hub of hubs) await endHub(hub);
  await rm(folder, { recursive: true, force: true });
});

/** Starts `wharf hub serve` as a user would; resolves to its host and port. */
async function serveHub(name: string, ...flags: string[]): Promise<string> {
  const args = ['hub', 'serve', '--root', join(folder, name), '--addr', '127.0.0.1:0', ...flags];
  const hub = spawn(wharfProgram, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  hubs.push(hub);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(hub.stdout).once('line', resolve);
    hub.once('exit', (code) => reject(new Error(`the Hub ended with code ${code}`)));
  });
  return new URL(url).host;
}

async function endHub(hub: ChildProcess): Promise<number | null> {
  if (hub.exitCode !== null || hub.signalCode !== null) return hub.exitCode;
  const gone = new Promise<number | null>((resolve) => hub.once('exit', resolve));
  hub.kill('SIGTERM');
  return await gone;
}

/** The client did it; what it printed. */
async function ran(client: Client, args: string[], input?: string): Promise<Ran> {
  const done = await client(args, input === undefined ? {} : { input });
  assert.equal(done.code, 0, `${args.join(' ')}: ${done.stderr}\n${engine.log()}`);
  return done;
}

const clients: [string, () => Client | undefined, string | undefined][] = [
  ['docker', () => engine.docker, noDocker],
  ['wharf', () => engine.wharf, undefined],
];

for (const [name, find, reason] of clients) {
  const skip = reason ?? false;

  test(`${name}: push, lose, pull again by tag and by digest`, { skip }, async () => {
    const client = clientOf(find);
    const image = `${open}/${name}/app:1`;
    await makeImage(client, image, `made by ${name}`);
    const pushed = await ran(client, ['push', image]);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed.stdout)?.[1];
    assert.ok(digest !== undefined, pushed.stdout);
    await ran(client, ['rmi', image]);
    assert.notEqual((await client(['image', 'inspect', image])).code, 0);
    await ran(client, ['pull', image]);
    const { stdout } = await ran(client, ['run', '--rm', image, 'cat', '/made']);
    assert.equal(stdout.trim(), `made by ${name}`);
    await ran(client, ['rmi', image]);
    const byDigest = `${open}/${name}/app@${digest}`;
    await ran(client, ['pull', byDigest]);
    assert.equal(
      (await ran(client, ['run', '--rm', byDigest, 'cat', '/made'])).stdout.trim(),
      `made by ${name}`,
    );
    await ran(client, ['rmi', byDigest]);
  });

  test(`${name}: a deleted image is gone for everybody`, { skip }, async () => {
    const client = clientOf(find);
    const image = `${open}/${name}/short-lived:1`;
    await makeImage(client, image, 'soon gone');
    const pushed = await ran(client, ['push', image]);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed.stdout)?.[1];
    await ran(client, ['rmi', image]);
    const answer = await fetch(`http://${open}/v2/${name}/short-lived/manifests/${digest}`, {
      method: 'DELETE',
    });
    assert.equal(answer.status, 202);
    const refused = await client(['pull', image]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /not found|manifest unknown/i);
  });

  test(`${name}: login, push, logout`, { skip }, async () => {
    const client = clientOf(find);
    const image = `${closed}/${name}/app:1`;
    await makeImage(client, image, 'for alice');
    const early = await client(['push', image]);
    assert.notEqual(early.code, 0);
    assert.match(early.stderr, /unauthorized|authentication required|no basic auth/i);
    const wrong = await client(['login', '-u', 'alice', '--password-stdin', closed], { input: 'not it' });
    assert.notEqual(wrong.code, 0);
    const answer = `Get "http://${closed}/v2/": unauthorized: incorrect username or password`;
    assert.ok(wrong.stderr.includes(answer), wrong.stderr);
    const login = await ran(client, ['login', '-u', 'alice', '--password-stdin', closed], password);
    assert.match(login.stdout, /Login Succeeded/);
    await ran(client, ['push', image]);
    await ran(client, ['rmi', image]);
    await ran(client, ['pull', image]);
    await ran(client, ['rmi', image]);
    await ran(client, ['logout', closed]);
    const late = await client(['pull', image]);
    assert.notEqual(late.code, 0);
    assert.match(late.stderr, /unauthorized|authentication required|access/i);
  });
}

test('skopeo copies from the engine’s push into another repository, and back', async () => {
  const image = `${open}/copied/app:1`;
  await makeImage(engine.wharf, image, 'to be copied');
  await ran(engine.wharf, ['push', image]);
  const other = `${open}/elsewhere/app:2`;
  const loose = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  await execute('skopeo', [
    '--insecure-policy',
    'copy',
    '--quiet',
    ...loose,
    `docker://${image}`,
    `docker://${other}`,
  ]);
  assert.equal(
    (await ran(engine.wharf, ['run', '--rm', other, 'cat', '/made'])).stdout.trim(),
    'to be copied',
  );
});

test('a Hub that ends and comes back still has everything; a second one on its folder is refused', async () => {
  const first = await serveHub('comes-back');
  const image = `${first}/app:1`;
  await makeImage(engine.wharf, image, 'still here');
  await ran(engine.wharf, ['push', image]);
  await ran(engine.wharf, ['rmi', image]);
  const root = join(folder, 'comes-back');
  const second = await engine.wharf(['hub', 'serve', '--root', root, '--addr', '127.0.0.1:0']);
  assert.match(second.stderr, /served by process/);
  const gc = await engine.wharf(['hub', 'gc', '--root', root, '--grace', '0s']);
  assert.match(gc.stderr, /served by process/);
  assert.equal(await endHub(hubs.at(-1) ?? assert.fail()), 0);
  await ran(engine.wharf, ['hub', 'gc', '--root', root, '--grace', '0s', '--untagged']);
  const back = await serveHub('comes-back');
  const { stdout } = await ran(engine.wharf, ['run', '--rm', `${back}/app:1`, 'cat', '/made']);
  assert.equal(stdout.trim(), 'still here');
});

test('an engine whose mirror is a Hub that is a cache of another', async () => {
  const image = `${open}/library/cached:1`;
  await makeImage(engine.wharf, image, 'through the cache');
  await ran(engine.wharf, ['push', image]);
  const cache = await serveHub('cache', '--proxy', open);
  const { stdout } = await ran(engine.wharf, ['run', '--rm', `${cache}/library/cached:1`, 'cat', '/made']);
  assert.equal(stdout.trim(), 'through the cache');
});

function clientOf(find: () => Client | undefined): Client {
  return find() ?? assert.fail('there is no such client');
}

/** Builds a small image that says `words` in /made. */
async function makeImage(client: Client, name: string, words: string): Promise<void> {
  const context = join(folder, 'context');
  await execute('mkdir', ['-p', context]);
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nCOPY made /made\n');
  await writeFile(join(context, 'made'), words);
  await ran(client, ['build', '-q', '-t', name, context]);
}
