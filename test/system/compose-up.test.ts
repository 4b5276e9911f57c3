// Compose against a real daemon: up from nothing, again, after a change, and down.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from '#client/client.ts';
import { type LogLine, listContainers, readLogs } from '#compose/execute/look.ts';
import type { Session } from '#compose/execute/session.ts';
import { down, up } from '#compose/execute/up.ts';
import { removeServices, restartServices, startServices, stopServices } from '#compose/execute/verbs.ts';
import { loadProject } from '#compose/load/load.ts';
import { formatPlan } from '#compose/plan/steps.ts';
import { TestDaemon, whyNot } from './api-fixture.ts';

const skip = whyNot();
const daemon = new TestDaemon();
const client = openClient(`unix://${daemon.socket}`);

before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});

after(async () => {
  await client[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
});

const file = (greeting: string) => `
name: shop
services:
  web:
    image: base:1
    depends_on: {db: {condition: service_healthy}}
    command: ["sh", "-c", "echo GREETING=$$GREETING; cat /mnt/data/item; exec sleep 1000"]
    environment: {GREETING: ${greeting}}
    volumes: ["data:/mnt/data", "./src:/src:ro"]
    stop_grace_period: 0s
  db:
    image: base:1
    command: ["sh", "-c", "[ -e /data/item ] || echo item-1 > /data/item; touch /tmp/ready; exec sleep 1000"]
    volumes: ["data:/data"]
    healthcheck: {test: "test -e /tmp/ready", interval: 100ms, retries: 50}
    secrets: [{source: token, mode: 0400, uid: "7"}]
    stop_grace_period: 0s
volumes: {data: }
secrets: {token: {environment: TOKEN}}
`;

function sessionOf(greeting: string): Session {
  const directory = join(daemon.dir, 'project');
  mkdirSync(join(directory, 'src'), { recursive: true });
  writeFileSync(join(directory, 'compose.yaml'), file(greeting));
  return { client, project: loadProject({ directory, environment: { TOKEN: 'hush' } }) };
}

/** Waits until the service has said these lines and no others. */
async function assertSaid(session: Session, service: string, wanted: readonly string[]): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const lines: LogLine[] = [];
    await readLogs(session, { services: [service] }, (line) => lines.push(line));
    const said = lines.map(({ source, text }) => `${source}: ${text}`);
    if (said.length >= wanted.length || Date.now() > deadline) return assert.deepEqual(said, wanted);
    await sleep(20);
  }
}

test('up from nothing, in the order that the health check asks for', { skip, timeout: 60_000 }, async () => {
  const session = sessionOf('one');
  const planned = await up(session, { dryRun: true });
  assert.deepEqual(await client.containers.list({ all: true }), []);
  const done = await up(session, { wait: true });
  assert.deepEqual(done.steps, planned.steps);
  const containers = await listContainers(session);
  assert.deepEqual(
    containers.map(({ Names }) => Names[0]),
    ['/shop-db-1', '/shop-web-1'],
  );
  await assertSaid(session, 'web', ['web-1: GREETING=one', 'web-1: item-1']);
});

test('a secret has its owner and mode', { skip }, async () => {
  const listed = await daemon.ok('exec', 'shop-db-1', 'ls', '-ln', '/run/secrets/token');
  assert.match(listed, /^-r-------- +1 7 +0 /);
  assert.equal(await daemon.ok('exec', 'shop-db-1', 'cat', '/run/secrets/token'), 'hush');
});

test('services find each other by name', { skip }, async () => {
  assert.match(await daemon.ok('exec', 'shop-web-1', 'ping', '-c', '1', 'db'), /1 packets received/);
});

test('up again does nothing', { skip }, async () => {
  const plan = await up(sessionOf('one'));
  assert.deepEqual(plan.steps, []);
  assert.equal(formatPlan(plan), 'db: leave\nweb: leave');
});

test('a changed field replaces its service only, and is told; data stays', {
  skip,
  timeout: 60_000,
}, async () => {
  const session = sessionOf('two');
  const before = await listContainers(session);
  const plan = await up(session);
  assert.equal(formatPlan(plan), 'db: leave\nweb: recreate: environment.GREETING one → two');
  const now = await listContainers(session);
  assert.deepEqual(
    now.map(({ Names }) => Names[0]),
    ['/shop-db-1', '/shop-web-1'],
  );
  assert.equal(now[0]?.Id, before[0]?.Id);
  assert.notEqual(now[1]?.Id, before[1]?.Id);
  await assertSaid(session, 'web', ['web-1: GREETING=two', 'web-1: item-1']);
});

test('stop, start, restart', { skip, timeout: 60_000 }, async () => {
  const session = sessionOf('two');
  const states = async () => (await listContainers(session, { all: true })).map(({ State }) => State);
  await stopServices(session);
  assert.deepEqual(await states(), ['exited', 'exited']);
  await startServices(session);
  assert.deepEqual(await states(), ['running', 'running']);
  await restartServices(session, { services: ['web'] });
  assert.deepEqual(await states(), ['running', 'running']);
  await stopServices(session, { services: ['web'] });
  await removeServices(session);
  assert.deepEqual(await states(), ['running']);
  const plan = await up(session);
  assert.equal(formatPlan(plan), 'db: leave\nweb: create');
});

test('down takes all but the data away, and up brings it back', { skip, timeout: 60_000 }, async () => {
  const session = sessionOf('two');
  await down(session);
  assert.deepEqual(await client.containers.list({ all: true }), []);
  assert.equal(await daemon.ok('network', 'ls', '-q', '--filter', 'name=shop_default'), '');
  assert.equal(await daemon.ok('volume', 'ls', '-q'), 'shop_data');
  await up(session, { wait: true });
  await assertSaid(session, 'web', ['web-1: GREETING=two', 'web-1: item-1']);
  await down(session, { volumes: true });
  assert.equal(await daemon.ok('volume', 'ls', '-q'), '');
});
