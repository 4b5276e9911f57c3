// The MySQL image as its users know it: variables, files, first-start scripts, a volume that outlives containers.
// seed images: mysql
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, eventually, startEngine } from './engine-under-test.ts';

const image = 'mysql:9';
let engine: EngineUnderTest;
let folder: string;

before(async () => {
  engine = await startEngine();
  folder = await mkdtemp('/tmp/wharf-seed-mysql-');
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

async function start(name: string, options: string[]): Promise<void> {
  await good(['run', '-d', '--name', name, ...options, image]);
  await eventually(`${name} to take connections`, () => answering(name), 120_000);
}

async function answering(name: string): Promise<true | undefined> {
  const ping = await engine.wharf(['exec', name, 'mysqladmin', 'ping', '--host=127.0.0.1']);
  if (ping.code === 0) return true;
  assert.equal(await good(['inspect', '-f', '{{.State.Running}}', name]), 'true', await logs(name));
  return undefined;
}

async function logs(name: string): Promise<string> {
  const { stdout, stderr } = await engine.wharf(['logs', name]);
  return stdout + stderr;
}

/** Over TCP, as an application would: the server's own socket lets root in by other rules. */
function query(name: string, login: [user: string, password: string], sql: string): Promise<string> {
  const [user, password] = login;
  const client = ['mysql', '--host=127.0.0.1', '-N', '-B', `--user=${user}`, `--password=${password}`];
  return good(['exec', name, ...client, '-e', sql]);
}

test('database, user and root come from the environment; the data outlive the container', async () => {
  const asked = [
    'MYSQL_ROOT_PASSWORD=it\'s "r\\oot"',
    'MYSQL_DATABASE=shop_1',
    'MYSQL_USER=app',
    'MYSQL_PASSWORD=secret',
  ];
  const options = [...asked.flatMap((line) => ['-e', line]), '-v', 'mysql-data:/var/lib/mysql'];
  await start('db', options);
  const app: [string, string] = ['app', 'secret'];
  await query('db', app, 'USE shop_1; CREATE TABLE item (name VARCHAR(40)); INSERT INTO item VALUES ("tea")');
  assert.equal(await query('db', ['root', 'it\'s "r\\oot"'], 'SELECT CURRENT_USER()'), 'root@%');
  assert.match(await query('db', app, "SELECT CONVERT_TZ('2024-07-01','UTC','Europe/Paris')"), /02:00:00$/);
  const refused = await engine.wharf([
    'exec',
    'db',
    'mysql',
    '--host=127.0.0.1',
    '-uapp',
    '-pwrong',
    '-e',
    'SELECT 1',
  ]);
  assert.equal(refused.code, 1);
  await good(['stop', '-t', '60', 'db']);
  assert.equal(await good(['inspect', '-f', '{{.State.ExitCode}}', 'db']), '0', await logs('db'));
  await good(['rm', 'db']);
  await start('db', options);
  assert.equal(await query('db', app, 'SELECT name FROM shop_1.item'), 'tea');
  await good(['rm', '-f', 'db']);
});

/** Inserts numbers for ever, and writes each into the other volume once it is committed. */
const writer = `
n=0
while n=$((n + 1)); do
  mysql --host=127.0.0.1 -uapp -psecret shop -e "INSERT INTO item VALUES ($n)" 2>/dev/null && echo $n >> /told/committed
done`;

test('what was committed outlives the kill of the engine, of the server amid its writing, and the image', async () => {
  const login: [string, string] = ['app', 'secret'];
  const asked = [
    'MYSQL_ROOT_PASSWORD=root',
    'MYSQL_DATABASE=shop',
    'MYSQL_USER=app',
    'MYSQL_PASSWORD=secret',
  ];
  const volumes = ['-v', 'written:/var/lib/mysql', '-v', 'told:/told'];
  const options = [...asked.flatMap((line) => ['-e', line]), ...volumes];
  await start('busy', options);
  await query('busy', login, 'USE shop; CREATE TABLE item (n INT PRIMARY KEY)');
  await good(['exec', '-d', '-u', '0', 'busy', 'sh', '-c', writer]);
  const committed = async (): Promise<number> => {
    const ran = await engine.wharf(['volume', 'browse', 'told', 'committed']);
    return Number(ran.stdout.trim().split('\n').at(-1) || 0);
  };
  const reached = (count: number): Promise<true> =>
    eventually(`${count} rows`, async () => ((await committed()) >= count ? true : undefined), 60_000);
  await reached(10);
  await engine.killHard();
  const before = await engine.start().then(committed);
  await reached(before + 10);
  await good(['rm', '-f', 'busy']);
  const last = await committed();
  await good(['rmi', image]);
  await engine.killHard();
  await engine.start();
  await start('again', options);
  const found = await query('again', login, `SELECT COUNT(*) FROM shop.item WHERE n <= ${last}`);
  assert.equal(Number(found), last, 'every row whose commit was answered');
  await good(['rm', '-f', 'again']);
});

test('passwords come from files, and scripts of the first start run', async () => {
  await writeFile(join(folder, 'root-password'), 'from-a-file\n', { mode: 0o400 });
  await writeFile(join(folder, '1.sql'), 'CREATE TABLE greeting (word VARCHAR(20));');
  await writeFile(
    join(folder, '2.sh'),
    'echo "INSERT INTO greeting VALUES (\'hello\')" | mysql -uroot -p"$MYSQL_ROOT_PASSWORD" "$MYSQL_DATABASE"',
  );
  const mounts = ['-v', `${folder}/root-password:/run/secrets/root-password:ro`];
  for (const file of ['1.sql', '2.sh'])
    mounts.push('-v', `${folder}/${file}:/docker-entrypoint-initdb.d/${file}:ro`);
  const asked = ['-e', 'MYSQL_ROOT_PASSWORD_FILE=/run/secrets/root-password', '-e', 'MYSQL_DATABASE=words'];
  await start('scripted', [...asked, ...mounts]);
  assert.equal(await query('scripted', ['root', 'from-a-file'], 'SELECT word FROM words.greeting'), 'hello');
  await good(['rm', '-f', '-v', 'scripted']);
});

test('a start without a word on the password ends with what to set', async () => {
  const ran = await engine.wharf(['run', '--rm', image]);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /MYSQL_ROOT_PASSWORD.*MYSQL_ALLOW_EMPTY_PASSWORD.*MYSQL_RANDOM_ROOT_PASSWORD/);
});

test('a first start that was killed is begun anew by the next', async () => {
  const options = ['-e', 'MYSQL_ALLOW_EMPTY_PASSWORD=yes', '-v', 'killed:/var/lib/mysql'];
  await good(['run', '-d', '--name', 'killed', ...options, image]);
  await eventually(
    'the data folder to be made',
    async () => ((await logs('killed')).includes('making the data folder') ? true : undefined),
    60_000,
  );
  await good(['rm', '-f', 'killed']);
  await start('again', [...options, '-e', 'MYSQL_DATABASE=whole']);
  assert.match(await logs('again'), /cut short/);
  assert.equal(await query('again', ['root', ''], "SHOW DATABASES LIKE 'whole'"), 'whole');
  await good(['rm', '-f', 'again']);
});
