// `kill -9` of the engine, at many points: containers run on, nothing is lost, nothing is left lying about.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineUnderTest, eventually, freePort, startEngine } from './engine-under-test.ts';
import { numbersFrom, seed } from './seeded.ts';

interface Row {
  Id: string;
  State: string;
}

let engine: EngineUnderTest;
before(async () => {
  engine = await startEngine();
  await good(['pull', 'busybox']);
  await good(['pull', 'python:3.11-slim']);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
});

async function good(args: string[]): Promise<string> {
  const ran = await engine.wharf(args);
  assert.equal(
    ran.code,
    0,
    `wharf ${args.join(' ')}\n${ran.stdout}${ran.stderr}\n${engine.log().slice(-3000)}`,
  );
  return ran.stdout.trim();
}

describe('while the engine is dead', () => {
  test('containers run on, their ports and names answer, their logs are whole, their exit codes are known', async () => {
    const port = await freePort();
    await good(['network', 'create', 'kept']);
    const page = 'mkdir /w && echo alive > /w/index.html && exec httpd -f -p 80 -h /w';
    await good([
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'kept',
      '-p',
      `${port}:80`,
      'busybox',
      'sh',
      '-c',
      page,
    ]);
    const asking = [
      'import time, urllib.request as u',
      'while True:',
      ' try: u.urlopen("http://web/", timeout=2).read()',
    ];
    asking.push(' except Exception as e: print("lost", e, flush=True)', ' time.sleep(0.2)');
    await good([
      'run',
      '-d',
      '--name',
      'asking',
      '--network',
      'kept',
      'python:3.11-slim',
      'python',
      '-c',
      asking.join('\n'),
    ]);
    const counting = 'i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); sleep 0.01; done; exit 5';
    await good(['run', '-d', '--name', 'counting', 'busybox', 'sh', '-c', counting]);
    await eventually('the page', () => pageAt(port));
    const { State } = JSON.parse(await good(['inspect', 'web']))[0];

    await engine.killHard();
    assert.ok(existsSync(`/proc/${State.Pid}`), 'the container runs on');
    assert.equal(await pageAt(port), 'alive\n');
    await sleep(3500);
    await engine.start();

    const now = JSON.parse(await good(['inspect', 'web', 'counting', 'asking']));
    assert.equal(now[0].State.Status, 'running');
    assert.equal(now[0].State.Pid, State.Pid, 'it is the same process');
    assert.equal(now[1].State.Status, 'exited');
    assert.equal(now[1].State.ExitCode, 5);
    const lines = (await good(['logs', 'counting'])).split('\n');
    assert.deepEqual([lines.length, lines[0], lines[199]], [200, 'line 0', 'line 199']);
    assert.doesNotMatch(await good(['logs', 'asking']), /lost/);
    assert.equal(await pageAt(port), 'alive\n');
    assert.equal(await good(['exec', 'web', 'echo', 'again']), 'again');
    const taken = await engine.wharf([
      'run',
      '-d',
      '--name',
      'second',
      '-p',
      `${port}:80`,
      'busybox',
      'sleep',
      '9',
    ]);
    assert.match(taken.stderr, /port is already allocated/);
    await good(['rm', '-f', 'web', 'counting', 'asking', 'second']);
    await good(['network', 'rm', 'kept']);
    await soundAndEmpty();
  });

  test('restart policies are honoured at the next start', async () => {
    await good(['run', '-d', '--name', 'always', '--restart', 'always', 'busybox', 'sleep', '600']);
    await good(['run', '-d', '--name', 'never', 'busybox', 'sleep', '600']);
    const [always, never] = JSON.parse(await good(['inspect', 'always', 'never']));
    await engine.killHard();
    process.kill(always.State.Pid, 'SIGKILL');
    process.kill(never.State.Pid, 'SIGKILL');
    await sleep(300);
    await engine.start();
    const again = await eventually('the restart', async () => {
      const [one] = JSON.parse(await good(['inspect', 'always']));
      return one.State.Running ? one : undefined;
    });
    assert.notEqual(again.State.Pid, always.State.Pid);
    const [ended] = JSON.parse(await good(['inspect', 'never']));
    assert.deepEqual([ended.State.Status, ended.State.ExitCode], ['exited', 137]);
    await good(['rm', '-f', 'always', 'never']);
    await soundAndEmpty();
  });
});

describe('killed in the middle of', () => {
  const next = numbersFrom(seed);
  // From at once to after the work is done, in steps that fall between its system calls; where in a step, says the seed.
  const steps = [0, 2, 4, 6, 8, 11, 14, 17, 20, 24, 28, 33, 40, 50, 70];
  const delaysMs = steps.map((step, at) => step + next() * ((steps[at + 1] ?? 100) - step));

  test(`create and start, at many points (seed ${seed})`, async () => {
    for (const delayMs of delaysMs) {
      const starting = startByApi();
      await sleep(delayMs);
      await engine.killHard();
      await starting;
      await engine.start();
      await consistent();
    }
    await removeAll();
    await soundAndEmpty();
  });

  test(`stop and remove, at many points (seed ${seed})`, async () => {
    for (const delayMs of delaysMs) {
      const id = await good(['run', '-d', 'busybox', 'sleep', '600']);
      const removing = engine.call('DELETE', `/containers/${id}?force=1`).catch(() => undefined);
      await sleep(delayMs);
      await engine.killHard();
      await removing;
      await engine.start();
      await consistent();
    }
    await removeAll();
    await soundAndEmpty();
  });

  test('a build, at many points', async () => {
    const context = join(engine.folder, 'context');
    await mkdir(context);
    const lines = [
      'FROM busybox',
      'RUN echo a > /a',
      'COPY file /file',
      'RUN sleep 0.05; echo b > /b',
      'RUN cat /file > /c',
    ];
    await writeFile(join(context, 'Dockerfile'), lines.join('\n'));
    await writeFile(join(context, 'file'), 'content\n');
    for (const step of [60, 100, 130, 160, 190, 220, 260, 320]) {
      const delayMs = step + next() * 40;
      const building = engine.wharf(['build', '--no-cache', '-t', 'half', context]);
      await sleep(delayMs);
      await engine.killHard();
      await building;
      await engine.start();
      await soundAndEmpty();
    }
    await good(['build', '-t', 'whole', context]);
    assert.equal(await good(['run', '--rm', 'whole', 'cat', '/a', '/b', '/c']), 'a\nb\ncontent');
    await removeAll();
    await good(['rmi', 'whole']);
    await soundAndEmpty();
  });

  test('a pull, at many points', async () => {
    for (const step of [50, 120, 200, 300, 450, 700, 1000]) {
      const delayMs = step + next() * 80;
      const pulling = engine.wharf(['pull', 'debian:bookworm-slim']);
      await sleep(delayMs);
      await engine.killHard();
      await pulling;
      await engine.start();
      await soundAndEmpty();
    }
    await good(['pull', 'debian:bookworm-slim']);
    assert.match(await good(['run', '--rm', 'debian:bookworm-slim', 'cat', '/etc/os-release']), /bookworm/);
    await soundAndEmpty();
  });
});

/** Fires a create and a start; the engine may die under it. */
async function startByApi(): Promise<void> {
  const body = JSON.stringify({ Image: 'busybox', Cmd: ['sleep', '600'] });
  const created = await engine.call('POST', '/containers/create', body).catch(() => undefined);
  if (created === undefined || created.status !== 201) return;
  const { Id } = JSON.parse(created.text);
  await engine.call('POST', `/containers/${Id}/start`).catch(() => undefined);
}

/** Every container that is listed is in one of the states that it may be in, and what it says is true. */
async function consistent(): Promise<void> {
  const { text } = await engine.call('GET', '/containers/json?all=1');
  const rows = JSON.parse(text) as Row[];
  for (const { Id, State } of rows) {
    assert.ok(['created', 'running', 'exited'].includes(State), `${Id} is ${State}`);
    const one = JSON.parse((await engine.call('GET', `/containers/${Id}/json`)).text);
    if (State === 'running') assert.ok(existsSync(`/proc/${one.State.Pid}`), `${Id} says that it runs`);
  }
  const running = rows.filter((row) => row.State === 'running').map((row) => row.Id);
  await eventually('monitors of running containers alone', async () =>
    monitors().length === running.length ? true : undefined,
  );
}

async function removeAll(): Promise<void> {
  const ids = (await good(['ps', '-aq'])).split('\n').filter(Boolean);
  if (ids.length > 0) await good(['rm', '-f', ...ids]);
}

/** No container is there, so neither is a monitor, a mount, or a network namespace of one. */
async function soundAndEmpty(): Promise<void> {
  assert.equal(await good(['ps', '-aq']), '');
  await eventually('no monitor, mount or namespace to be left', async () =>
    leftovers().length === 0 ? true : undefined,
  ).catch(() => assert.deepEqual(leftovers(), []));
  const images = JSON.parse((await engine.call('GET', '/images/json')).text) as { Id: string }[];
  for (const { Id } of images) assert.equal((await engine.call('GET', `/images/${Id}/json`)).status, 200);
}

function leftovers(): string[] {
  const mounts = readFileSync(`/proc/${enginePid()}/mountinfo`, 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(engine.folder));
  const folder = join(engine.folder, 'run/netns');
  const namespaces = existsSync(folder) ? readdirSync(folder) : [];
  return [...monitors(), ...mounts, ...namespaces];
}

/** The daemon itself: bin/wharf becomes it by exec. */
function enginePid(): number {
  return engine.pid();
}

/** Command lines of conmon and crun processes that belong to the engine under test. */
function monitors(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandOf)
    .filter((command) => /^\S*(conmon|crun) /.test(command) && command.includes(engine.folder));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function pageAt(port: number): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  return answer?.ok ? answer.text() : undefined;
}
