// The second great story: a web application and its database from one file, up from nothing when they are ready.
// seed images: mysql
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { collectWheels, serveWheels } from '../../scripts/demo/wheels.ts';
import { noStockCompose, stockCompose } from '../clients/stock-compose.ts';
import { type EngineUnderTest, eventually, freePort, startEngine } from './engine-under-test.ts';

const example = join(import.meta.dirname, '../../examples/flask-mysql');
let engine: EngineUnderTest;
let folder: string;
let port: number;

before(async () => {
  engine = await startEngine();
  folder = await mkdtemp('/tmp/wharf-walk-flask-mysql-');
  port = await freePort();
  await cp(example, join(folder, 'shop'), { recursive: true });
  await collectWheels(join(example, 'requirements.txt'), join(folder, 'wheels'));
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function compose(...args: string[]): Promise<string> {
  const env = { WEB_PORT: String(port) };
  const cwd = join(folder, 'shop');
  const ran = await engine.wharf(['compose', ...args], { cwd, env, timeoutMs: 170_000 });
  assert.equal(
    ran.code,
    0,
    `compose ${args.join(' ')}\n${ran.stdout}${ran.stderr}\n${engine.log().slice(-2000)}`,
  );
  return ran.stdout + ran.stderr;
}

/** One request, with no second try. */
async function ask(method: string, path: string, body?: object): Promise<{ status: number; data: unknown }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.text();
  return { status: answer.status, data: text.startsWith('{') ? JSON.parse(text) : text };
}

test('the image is built with its packages', { timeout: 180_000 }, async () => {
  const network = await engine.wharf([
    'network',
    'inspect',
    'bridge',
    '-f',
    '{{(index .IPAM.Config 0).Gateway}}',
  ]);
  await using index = await serveWheels(join(folder, 'wheels'), network.stdout.trim());
  await compose(
    'build',
    '--build-arg',
    `PIP_INDEX_URL=${index.url}`,
    '--build-arg',
    `PIP_TRUSTED_HOST=${index.host}`,
  );
});

test('up from nothing: the first request of the user is answered', { timeout: 180_000 }, async () => {
  const said = await compose('--progress', 'plain', 'up', '-d', '--wait');
  assert.match(said, /shop-web-1 {2}Waiting for db \(mysql:3306: /);
  assert.deepEqual(await ask('GET', '/item'), { status: 200, data: { items: [] } });
  const web = await engine.wharf(['inspect', '-f', '{{.RestartCount}}', 'shop-web-1']);
  assert.equal(web.stdout.trim(), '0', 'it was not started before the database answered');
});

test('items are made, listed, changed and deleted', async () => {
  const chair = { id: 1, name: 'Chair', price: 17.99 };
  assert.deepEqual(await ask('POST', '/item', { name: 'Chair', price: 17.99 }), { status: 201, data: chair });
  assert.equal((await ask('POST', '/item', { name: 'Chair', price: 1 })).status, 409);
  assert.equal((await ask('POST', '/item', { name: 'Table', price: 50 })).status, 201);
  assert.deepEqual(await ask('PUT', '/item/1', { price: 20 }), {
    status: 200,
    data: { ...chair, price: 20 },
  });
  assert.equal((await ask('DELETE', '/item/2')).status, 204);
  assert.deepEqual((await ask('GET', '/item')).data, { items: [{ ...chair, price: 20 }] });
});

test('the code that is edited on the host is the code that runs', async () => {
  const file = join(folder, 'shop/app.py');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('Hello from Flask and MySQL', 'Hello again'));
  const seen = await eventually(
    'the edited code',
    async () => {
      const { data } = await ask('GET', '/').catch(() => ({ data: undefined }));
      return JSON.stringify(data ?? '').includes('Hello again') ? data : undefined;
    },
    60_000,
  );
  assert.deepEqual(seen, { message: 'Hello again', items: 1 });
});

test('down and up again, the image removed and the engine killed in between: the items are there', {
  timeout: 180_000,
}, async () => {
  await compose('down');
  const gone = await engine.wharf(['rmi', 'mysql:9']);
  assert.equal(gone.code, 0, gone.stderr);
  await engine.killHard();
  await engine.start();
  await compose('up', '-d', '--wait');
  assert.deepEqual((await ask('GET', '/item')).data, { items: [{ id: 1, name: 'Chair', price: 20 }] });
});

// More of them: WHARF_COLD_STARTS=20 npm test -- flask-mysql
const coldStarts = Number(process.env['WHARF_COLD_STARTS'] ?? 1);

test('down -v takes the data too, and the next start is a cold one', {
  timeout: coldStarts * 120_000,
}, async () => {
  for (let start = 1; start <= coldStarts; start++) {
    await compose('down', '-v');
    await compose('up', '-d', '--wait');
    assert.deepEqual(await ask('GET', '/item'), { status: 200, data: { items: [] } }, `cold start ${start}`);
    const web = await engine.wharf(['inspect', '-f', '{{.RestartCount}}', 'shop-web-1']);
    assert.equal(web.stdout.trim(), '0', `cold start ${start}`);
  }
  await compose('down', '-v', '-t', '0');
});

test('the stock docker-compose brings the same file up', {
  skip: noStockCompose,
  timeout: 180_000,
}, async () => {
  const env = { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, WEB_PORT: String(port) };
  const stock = (...args: string[]) =>
    promisify(execFile)(stockCompose ?? '', args, { env, cwd: join(folder, 'shop'), timeout: 120_000 });
  await stock('up', '-d');
  try {
    await eventually(
      'an answer with the database behind it',
      () =>
        ask('GET', '/item').then(
          ({ status }) => status === 200 || undefined,
          () => undefined,
        ),
      120_000,
    );
  } finally {
    await stock('down', '-v', '-t', '0');
  }
});
