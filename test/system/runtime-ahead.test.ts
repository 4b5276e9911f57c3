// Execs that are started ahead: used once and only for the run they know, never left behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exec } from '#runtime/exec.ts';
import type { ExecSession } from '#runtime/exec-session.ts';
import { buildProcess } from '#runtime/spec.ts';
import { Boxes, env, skipReason } from './runtime-boxes.ts';

const options = { skip: skipReason, timeout: 60_000 };
let boxes: Boxes;
before(async () => {
  if (skipReason) return;
  boxes = new Boxes();
  await startHost();
});
after(() => boxes?.[Symbol.asyncDispose]());

async function startHost(): Promise<void> {
  await boxes.create('host', ['sleep', '300']);
  await boxes.runtime.start('host');
}

/** Processes of `crun exec` for the boxes' containers. */
function waiting(): number[] {
  const ours = (pid: string) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes(`--root=${boxes.runtime.stateRoot}`) && words.includes('exec');
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && ours(name))
    .map(Number);
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    assert.ok(attempt < 1000, `waited in vain: ${what}`);
    await sleep(20);
  }
}

async function expectOne(stdin = false): Promise<number> {
  boxes.runtime.execsAhead.expect('host', stdin);
  await until(() => waiting().length === 1, 'one waits');
  return waiting()[0] ?? 0;
}

const start = (args: string[], more: { stdin?: boolean; env?: string[] } = {}): Promise<ExecSession> =>
  exec(boxes.runtime, {
    id: 'host',
    process: buildProcess({ args, env: more.env ?? env }),
    stdin: more.stdin ?? false,
  });

async function outputOf(session: ExecSession): Promise<string> {
  let text = '';
  for await (const { data } of session.output) text += data.toString();
  return text;
}

test(
  'the exec that waits is the one that runs; while it waits it is no process of the container',
  options,
  async () => {
    const pid = await expectOne();
    assert.equal(readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes('/host'), false);
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const pidFile = words[words.indexOf('--pid-file') + 1] ?? '';
    await using session = await start(['sh', '-c', 'grep Seccomp: /proc/self/status; cat; exit 3']);
    await until(() => readQuietly(pidFile) !== '' || waiting().length === 0, 'it runs');
    assert.equal(await outputOf(session), 'Seccomp:\t2\n');
    assert.equal(await session.exit, 3);
    assert.ok(session.pid() > 1);
    await until(() => waiting().length === 0, 'nothing waits after it');
    assert.deepEqual(filesOfExecs(), []);
  },
);

test('with an open stdin, and with a description that no pipe takes at once', options, async () => {
  await expectOne(true);
  await using cat = await start(['cat'], { stdin: true });
  await cat.write(Buffer.from('hello'));
  cat.endInput();
  assert.equal(await outputOf(cat), 'hello');
  await expectOne();
  const long = Array.from({ length: 3000 }, (_, at) => `V${at}=${'x'.repeat(60)}`);
  await using session = await start(['sh', '-c', 'echo $V2999'], { env: [...env, ...long] });
  assert.equal(await outputOf(session), `${'x'.repeat(60)}\n`);
});

test('one that does not fit is left for one that does', options, async () => {
  const pid = await expectOne(true);
  await using other = await start(['echo', 'one']);
  assert.equal(await outputOf(other), 'one\n');
  assert.ok(waiting().includes(pid));
  boxes.runtime.execsAhead.drop('host');
  await until(() => waiting().length === 0, 'dropped');
});

test('it goes when nobody wants it, at a pause, and when the engine closes', options, async () => {
  await expectOne();
  await until(() => waiting().length === 0, 'nobody wanted it');
  await expectOne();
  await boxes.runtime.pause('host');
  await until(() => waiting().length === 0, 'paused');
  await boxes.runtime.resume('host');
  await expectOne();
  await boxes.reopen();
  await until(() => waiting().length === 0, 'closed');
  boxes.runtime.execsAhead.expect('host', false);
  await boxes.reopen();
  assert.deepEqual(waiting(), []);
  assert.deepEqual(filesOfExecs(), []);
});

test('one that knows an earlier run of the container is not used', options, async () => {
  await expectOne();
  await boxes.runtime.kill('host', 9);
  await boxes.ended('host');
  await startHost();
  await using session = await start(['echo', 'new']);
  assert.equal(await outputOf(session), 'new\n');
  assert.equal(await session.exit, 0);
});

test('an engine that is killed leaves none', options, async () => {
  const victim = spawn(
    process.execPath,
    [join(import.meta.dirname, 'runtime-victim.ts'), join(boxes.runtime.stateRoot, '..')],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await until(() => waiting().length === 1, "the victim's waits");
  const gone = once(victim, 'exit');
  victim.kill('SIGKILL');
  await gone;
  await boxes.reopen();
  await until(() => waiting().length === 0, 'it ends by itself');
});

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const filesOfExecs = () =>
  readdirSync(boxes.runtime.bundleDir('host'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('e'))
    .map((entry) => entry.name);
