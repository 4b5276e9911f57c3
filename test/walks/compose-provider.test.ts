// A service that a program of the user's provides: it is asked at up and down, and what it tells reaches who depends on it.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type EngineUnderTest, type Ran, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
let folder: string;

const file = `
services:
  web:
    image: busybox
    command: sh -c "echo url=$$MY_DB_URL; exec sleep 1000"
    depends_on: [my-db]
    stop_grace_period: 0s
  my-db:
    provider: {type: clouddb, options: {size: 10, zone: [a, b]}}
`;

/** Writes down how it is called, and answers with what lies beside it. */
const program = (place: string) => `#!/bin/sh
echo "$*" >> ${place}/calls
cat ${place}/answer
`;

before(async () => {
  engine = await startEngine();
  folder = join(engine.folder, 'cloud');
  await mkdir(join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'compose.yaml'), file);
  await writeFile(join(folder, 'bin/clouddb'), program(folder));
  await chmod(join(folder, 'bin/clouddb'), 0o755);
});
after(async () => engine?.[Symbol.asyncDispose]());

const compose = (...args: string[]): Promise<Ran> => {
  const PATH = `${join(folder, 'bin')}:${process.env['PATH']}`;
  return engine.wharf(['compose', ...args], { cwd: folder, env: { PATH } });
};

const answer = (...lines: object[]) =>
  writeFile(join(folder, 'answer'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

async function well(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await compose(...args);
  assert.equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}

async function url(): Promise<string> {
  return (await well('exec', '-T', 'web', 'sh', '-c', 'echo $MY_DB_URL')).trim();
}

test('up asks it first, and its variables are in the services that depend on it', {
  timeout: 120_000,
}, async () => {
  await answer({ type: 'info', message: 'making' }, { type: 'setenv', message: 'URL=db://one?a=b' });
  await well('--dry-run', 'up', '-d');
  await assert.rejects(readFile(join(folder, 'calls')), { code: 'ENOENT' });
  await well('up', '-d');
  assert.equal(await url(), 'db://one?a=b');
  assert.equal(
    await readFile(join(folder, 'calls'), 'utf8'),
    'compose --project-name=cloud up --size=10 --zone=a --zone=b my-db\n',
  );
});

test('another answer makes a container anew, the same one leaves it', { timeout: 120_000 }, async () => {
  const idOf = async () => (await well('ps', '-q')).trim();
  const first = await idOf();
  await well('up', '-d');
  assert.equal(await idOf(), first);
  await answer({ type: 'setenv', message: 'URL=db://two' });
  await well('up', '-d');
  assert.notEqual(await idOf(), first);
  assert.equal(await url(), 'db://two');
});

test('its error is told, and down takes leave of it', { timeout: 120_000 }, async () => {
  await answer({ type: 'error', message: 'quota exceeded' });
  const { code, stderr } = await compose('up', '-d');
  assert.equal(code, 1);
  assert.match(stderr, /service "my-db": quota exceeded/);
  await answer();
  await well('down');
  const calls = await readFile(join(folder, 'calls'), 'utf8');
  assert.equal(calls.trimEnd().split('\n').at(-1), 'compose --project-name=cloud down my-db');
});
