// The images of Redis, nginx, PostgreSQL and Node as their users know them: variables, folders, arguments, volumes.
// They are looked at where they have been made: `npm run hub:seed` takes minutes.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, eventually, freePort, type Ran, startEngine } from './engine-under-test.ts';

const mirror = process.env['WHARF_TEST_MIRROR'];
let engine: EngineUnderTest;
let folder: string;

async function whyNot(name: string): Promise<string | undefined> {
  const tags = await fetch(`${mirror}/v2/library/${name}/tags/list`).catch(() => undefined);
  return tags?.ok ? undefined : `the image ${name} has not been made here: npm run hub:seed -- ${name}`;
}
const no = {
  redis: await whyNot('redis'),
  nginx: await whyNot('nginx'),
  postgres: await whyNot('postgres'),
  node: await whyNot('node'),
};

before(async () => {
  engine = await startEngine();
  folder = await mkdtemp('/tmp/wharf-seed-services-');
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function good(args: string[]): Promise<string> {
  const ran = await engine.wharf(args);
  assert.equal(ran.code, 0, `wharf ${args.join(' ')}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout.trim();
}

/** Once the command succeeds in the container; its output. */
async function onceGood(name: string, command: string[]): Promise<string> {
  let last: Ran | undefined;
  const ask = async (): Promise<string | undefined> => {
    last = await engine.wharf(['exec', name, ...command]);
    return last.code === 0 ? last.stdout.trim() : undefined;
  };
  return eventually(`${command.join(' ')} in ${name}`, ask, 60_000).catch(async (thrown: unknown) => {
    const logs = await engine.wharf(['logs', name]);
    throw new Error(`${thrown}\n${last?.stdout}${last?.stderr}\n${logs.stdout}${logs.stderr}`);
  });
}

async function page(url: string): Promise<string> {
  return eventually(url, async () => {
    const answer = await fetch(url).catch(() => undefined);
    return answer?.ok ? await answer.text() : undefined;
  });
}

test('redis: reached from another container, and its data outlive it', { skip: no.redis }, async () => {
  await good(['network', 'create', 'r']);
  const run = ['run', '-d', '--network', 'r', '--name', 'redis', '-v', 'redis-data:/data', 'redis:7'];
  await good([...run, '--appendonly', 'yes']);
  assert.equal(await onceGood('redis', ['redis-cli', 'ping']), 'PONG');
  const client = ['run', '--rm', '--network', 'r', 'redis:7', 'redis-cli', '-h', 'redis'];
  assert.equal(await good([...client, 'set', 'key', 'value']), 'OK');
  assert.equal(await good(['exec', 'redis', 'stat', '-c', '%U', '/proc/1']), 'redis');
  await good(['stop', 'redis']);
  await good(['rm', 'redis']);
  await good([...run, '--appendonly', 'yes', '--requirepass', 'secret']);
  const asked = ['redis-cli', '-a', 'secret', '--no-auth-warning'];
  assert.equal(await onceGood('redis', [...asked, 'ping']), 'PONG');
  assert.equal(await good(['exec', 'redis', ...asked, 'get', 'key']), 'value');
  await good(['rm', '-f', 'redis']);
});

test('redis: a configuration of one’s own', { skip: no.redis }, async () => {
  await writeFile(join(folder, 'redis.conf'), 'maxmemory 7mb\nbind 0.0.0.0\n');
  await good([
    'run',
    '-d',
    '--name',
    'conf',
    '-v',
    `${folder}/redis.conf:/c/redis.conf:ro`,
    'redis:7',
    '/c/redis.conf',
  ]);
  assert.match(await onceGood('conf', ['redis-cli', 'config', 'get', 'maxmemory']), /7340032/);
  await good(['rm', '-f', 'conf']);
});

test('nginx: its page, one’s own pages, templates, logs on stdout, a clean end', {
  skip: no.nginx,
}, async () => {
  const port = await freePort();
  await mkdir(join(folder, 'templates'));
  const site = 'server { listen 81; location / { return 200 "${WORD} $request_method\\n"; } }';
  await writeFile(join(folder, 'templates/word.conf.template'), site);
  const ports = ['-p', `${port}:80`, '-v', `${folder}/templates:/etc/nginx/templates:ro`, '-e', 'WORD=hello'];
  await good(['run', '-d', '--name', 'web', ...ports, 'nginx']);
  assert.match(await page(`http://127.0.0.1:${port}/`), /Welcome to nginx!/);
  assert.equal(await onceGood('web', ['curl', '-s', 'http://127.0.0.1:81/']), 'hello GET');
  await eventually('the request in the log', async () => {
    const { stdout } = await engine.wharf(['logs', 'web']);
    return stdout.includes('"GET / HTTP/1.1" 200') ? true : undefined;
  });
  await good(['stop', 'web']);
  assert.equal(await good(['inspect', '-f', '{{.State.ExitCode}}', 'web']), '0');
  await good(['rm', 'web']);
  await mkdir(join(folder, 'html'));
  await writeFile(join(folder, 'html/index.html'), 'my page');
  await good([
    'run',
    '-d',
    '--name',
    'own',
    '-p',
    `${port}:80`,
    '-v',
    `${folder}/html:/usr/share/nginx/html:ro`,
    'nginx',
  ]);
  assert.equal(await page(`http://127.0.0.1:${port}/`), 'my page');
  await good(['rm', '-f', 'own']);
});

test('postgres: user, database, scripts and a volume that outlives the container', {
  skip: no.postgres,
}, async () => {
  const script = "CREATE TABLE item (name TEXT); INSERT INTO item VALUES ('tea');";
  await writeFile(join(folder, 'items.sql'), script);
  const asked = ["POSTGRES_PASSWORD=it's", 'POSTGRES_USER=app', 'POSTGRES_DB=shop'].flatMap((line) => [
    '-e',
    line,
  ]);
  const data = [
    '-v',
    'pg:/var/lib/postgresql/data',
    '-v',
    `${folder}/items.sql:/docker-entrypoint-initdb.d/items.sql:ro`,
  ];
  const psql = ['psql', 'postgresql://app:it%27s@127.0.0.1/shop', '-At', '-c'];
  await good(['run', '-d', '--name', 'pg', ...asked, ...data, 'postgres:15']);
  assert.equal(await onceGood('pg', [...psql, 'SELECT name FROM item']), 'tea');
  await good(['exec', 'pg', ...psql, "INSERT INTO item VALUES ('milk')"]);
  const wrong = await engine.wharf([
    'exec',
    'pg',
    'sh',
    '-c',
    'psql "postgresql://app:wrong@$(hostname -i)/shop" -c "SELECT 1"',
  ]);
  assert.match(wrong.stderr, /password authentication failed/);
  await good(['stop', '-t', '60', 'pg']);
  assert.equal(await good(['inspect', '-f', '{{.State.ExitCode}}', 'pg']), '0');
  await good(['rm', 'pg']);
  await good(['run', '-d', '--name', 'pg', ...asked, ...data, 'postgres:15']);
  assert.equal(
    await onceGood('pg', [...psql, "SELECT string_agg(name, ' ' ORDER BY name) FROM item"]),
    'milk tea',
  );
  await good(['rm', '-f', 'pg']);
  const refused = await engine.wharf(['run', '--rm', 'postgres:15']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /POSTGRES_PASSWORD is not set/);
});

test('node: scripts, expressions, npm', { skip: no.node }, async () => {
  await writeFile(join(folder, 'hello.js'), 'console.log("hello", process.argv[2])');
  assert.equal(await good(['run', '--rm', 'node:24', 'node', '-e', 'console.log(6 * 7)']), '42');
  const run = ['run', '--rm', '-v', `${folder}:/app:ro`, '-w', '/app', 'node:24'];
  assert.equal(await good([...run, 'hello.js', 'you']), 'hello you');
  assert.equal(await good([...run, '-p', '1 + 1']), '2');
  assert.match(await good([...run, 'npm', '--version']), /^\d+\./);
});
