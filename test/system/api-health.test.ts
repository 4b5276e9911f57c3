// Health checks, end to end: verdicts in inspect, ps and events, and each of their settings.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerInspect, HealthState } from '#shared/contract/container.ts';
import { TestDaemon, whyNot } from './api-fixture.ts';

const skip = whyNot();
const daemon = new TestDaemon();
before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});
after(() => daemon[Symbol.asyncDispose]());

const ms = 1_000_000;
const longest = 30_000;

interface Check {
  Test: string[];
  Interval?: number;
  Timeout?: number;
  Retries?: number;
  StartPeriod?: number;
  StartInterval?: number;
}

async function start(name: string, Healthcheck: Check | undefined, Image = 'base:1'): Promise<void> {
  const body = JSON.stringify({ Image, Cmd: ['sleep', '600'], Healthcheck });
  const made = await daemon.ask('POST', `/containers/create?name=${name}`, body);
  assert.equal(made.status, 201, made.body);
  assert.equal((await daemon.ask('POST', `/containers/${name}/start`)).status, 204);
}

async function inspect(name: string): Promise<ContainerInspect> {
  return JSON.parse((await daemon.ask('GET', `/containers/${name}/json`)).body) as ContainerInspect;
}

/** Its health, once `is` holds of it. */
async function health(name: string, what: string, is: (state: HealthState) => boolean): Promise<HealthState> {
  let last: HealthState | undefined;
  for (const untilMs = Date.now() + longest; Date.now() < untilMs; await sleep(50)) {
    last = (await inspect(name)).State.Health;
    if (last !== undefined && is(last)) return last;
  }
  throw new Error(`${name} did not become ${what}: ${JSON.stringify(last)}`);
}

const status = async (name: string): Promise<string> =>
  await daemon.ok('ps', '-a', '--filter', `name=^/${name}$`, '--format', '{{.Status}}');

test('a container becomes healthy, unhealthy and healthy again; ps and events tell it', {
  skip,
  timeout: 90_000,
}, async () => {
  const since = Math.floor(Date.now() / 1000);
  const command = 'test -f /tmp/up || { echo not yet; exit 1; }';
  await start('turns', { Test: ['CMD-SHELL', command], Interval: 200 * ms, Retries: 3 });
  assert.match(await status('turns'), /^Up .* \(health: starting\)$/);
  await daemon.ok('exec', 'turns', 'touch', '/tmp/up');
  const up = await health('turns', 'healthy', ({ Status }) => Status === 'healthy');
  assert.equal(up.FailingStreak, 0);
  assert.match(await status('turns'), /^Up .* \(healthy\)$/);
  await daemon.ok('exec', 'turns', 'busybox', 'rm', '/tmp/up');
  const down = await health('turns', 'unhealthy', ({ Status }) => Status === 'unhealthy');
  assert.ok(down.FailingStreak >= 3);
  const last = down.Log.at(-1);
  assert.deepEqual([last?.ExitCode, last?.Output], [1, 'not yet\n']);
  assert.ok(Date.parse(last?.End ?? '') >= Date.parse(last?.Start ?? ''));
  assert.match(await status('turns'), /^Up .* \(unhealthy\)$/);
  assert.equal(
    (await daemon.ok('ps', '-q', '--filter', 'health=unhealthy', '--filter', 'name=turns')) !== '',
    true,
  );
  await daemon.ok('exec', 'turns', 'touch', '/tmp/up');
  await health('turns', 'healthy again', ({ Status }) => Status === 'healthy');
  await daemon.ok('stop', '-t', '0', 'turns');
  assert.equal(
    (await inspect('turns')).State.Health?.Status,
    'unhealthy',
    'what does not run is not healthy',
  );
  const until = Math.floor(Date.now() / 1000) + 1;
  const told = await daemon.ok(
    'events',
    '--since',
    `${since}`,
    '--until',
    `${until}`,
    '--format',
    '{{.Action}}',
  );
  const verdicts = told.split('\n').filter((line) => line.startsWith('health_status'));
  assert.deepEqual(verdicts, [
    'health_status: healthy',
    'health_status: unhealthy',
    'health_status: healthy',
  ]);
});

test('the last five results are kept, and so much of their output', { skip, timeout: 60_000 }, async () => {
  await start('wordy', { Test: ['CMD', 'seq', '1', '3000'], Interval: 100 * ms });
  const five = await health('wordy', 'five times checked', ({ Log }) => Log.length === 5);
  const first = five.Log[0]?.Start ?? '';
  const later = await health('wordy', 'checked again', ({ Log }) => Log[0]?.Start !== first);
  assert.equal(later.Log.length, 5);
  assert.equal(later.Log[0]?.Output.length, 4096 + '...'.length);
  assert.ok(later.Log[0]?.Output.endsWith('...'));
});

test('a probe that takes too long counts as failed, and is killed', { skip, timeout: 60_000 }, async () => {
  await start('slow', { Test: ['CMD', 'sleep', '555'], Interval: 100 * ms, Timeout: 300 * ms, Retries: 1 });
  const late = await health('slow', 'unhealthy', ({ Status }) => Status === 'unhealthy');
  assert.deepEqual(
    [late.Log[0]?.ExitCode, late.Log[0]?.Output],
    [-1, 'Health check exceeded timeout (300ms)'],
  );
  await daemon.ok('pause', 'slow');
  const { body } = await daemon.ask('GET', '/containers/slow/top?ps_args=-eo%20pid,args');
  const probes = (JSON.parse(body) as { Processes: string[][] }).Processes.flat().filter((word) =>
    word.includes('555'),
  );
  assert.ok(probes.length <= 1, `${probes.length} probes are left`);
});

test('failures within the start period do not count, and its interval is its own', {
  skip,
  timeout: 60_000,
}, async () => {
  await start('begins', {
    Test: ['CMD', 'busybox', 'test', '-f', '/tmp/up'],
    Interval: 3_600_000 * ms,
    StartPeriod: 600_000 * ms,
    StartInterval: 100 * ms,
    Retries: 1,
  });
  const failing = await health('begins', 'checked a few times', ({ Log }) => Log.length >= 3);
  assert.deepEqual([failing.Status, failing.FailingStreak], ['starting', 0]);
  await daemon.ok('exec', 'begins', 'touch', '/tmp/up');
  await health('begins', 'healthy', ({ Status }) => Status === 'healthy');
});

test('an image brings its check; NONE switches it off', { skip, timeout: 60_000 }, async () => {
  await start('plain', undefined);
  assert.equal((await inspect('plain')).State.Health, undefined);
  const changes = ['--change', 'HEALTHCHECK --interval=100ms CMD true'];
  await daemon.ok('commit', ...changes, 'plain', 'checked:1');
  await start('inherits', undefined, 'checked:1');
  await health('inherits', 'healthy', ({ Status }) => Status === 'healthy');
  await start('off', { Test: ['NONE'] }, 'checked:1');
  assert.equal((await inspect('off')).State.Health, undefined);
  assert.match(await status('off'), /^Up [^(]*$/);
});
