// The API of a real daemon over its socket: streams, waits, bad input, and the daemon's own end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { TestDaemon, whyNot } from './api-fixture.ts';

const skip = whyNot();
const daemon = new TestDaemon();

before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});

after(() => daemon[Symbol.asyncDispose]());

async function create(body: object): Promise<string> {
  const answer = await daemon.ask(
    'POST',
    '/v1.51/containers/create',
    JSON.stringify({ Image: 'base:1', ...body }),
  );
  assert.equal(answer.status, 201, answer.body);
  return JSON.parse(answer.body).Id;
}

test('the socket is for root and the docker group', { skip }, () => {
  assert.equal(statSync(daemon.socket).mode & 0o777, 0o660);
});

test('wait answers with headers before the container has even started', { skip }, async () => {
  const id = await create({ Cmd: ['sh', '-c', 'exit 7'], HostConfig: { NetworkMode: 'none' } });
  const waiting = await daemon.open('POST', `/containers/${id}/wait?condition=next-exit`);
  assert.equal(waiting.statusCode, 200);
  assert.equal((await daemon.ask('POST', `/containers/${id}/start`)).status, 204);
  const [piece] = await once(waiting.setEncoding('utf8'), 'data');
  assert.equal(JSON.parse(piece).StatusCode, 7);
  assert.equal((await daemon.ask('DELETE', `/containers/${id}`)).status, 204);
  assert.equal((await daemon.ask('POST', `/containers/${id}/wait`)).status, 404);
});

test('logs are framed and followed to the end', { skip }, async () => {
  const id = await create({
    Cmd: ['sh', '-c', 'echo one; echo two >&2'],
    HostConfig: { NetworkMode: 'none' },
  });
  await daemon.ask('POST', `/containers/${id}/start`);
  await daemon.ask('POST', `/containers/${id}/wait`);
  const logs = await daemon.ask('GET', `/containers/${id}/logs?stdout=1&stderr=1&follow=1`);
  assert.equal(logs.headers['content-type'], 'application/vnd.docker.multiplexed-stream');
  assert.equal(logs.body, '\x01\0\0\0\0\0\0\x04one\n\x02\0\0\0\0\0\0\x04two\n');
  assert.equal((await daemon.ask('GET', `/containers/${id}/logs`)).status, 400);
  await daemon.ask('DELETE', `/containers/${id}`);
});

test('events come as they happen', { skip }, async () => {
  const events = await daemon.open('GET', '/events?filters={"type":["container"]}');
  let seen = '';
  events.setEncoding('utf8').on('data', (piece: string) => (seen += piece));
  const id = await create({ Cmd: ['true'], HostConfig: { NetworkMode: 'none' } });
  await daemon.ask('DELETE', `/containers/${id}`);
  while (!seen.includes('"destroy"')) await new Promise((resolve) => setTimeout(resolve, 5));
  const actions = seen
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).Action);
  assert.deepEqual(actions, ['create', 'destroy']);
  events.destroy();
});

test('bad input is answered, and the daemon goes on', { skip }, async () => {
  const bad: [string, string, string | undefined, number][] = [
    ['POST', '/containers/create', '{', 400],
    ['POST', '/containers/create', '{"Image":7}', 400],
    ['POST', '/containers/create', '{"Image":"base:1","HostConfig":{"Memory":"x"}}', 400],
    ['POST', '/containers/create', '{}', 400],
    ['POST', '/containers/create', 'x'.repeat(5_000_000), 413],
    ['POST', '/containers/create?name=../x', '{"Image":"base:1"}', 400],
    ['POST', '/containers/absent/start', undefined, 404],
    ['GET', '/containers/json?filters=%7B', undefined, 400],
    ['GET', '/containers/json?limit=many', undefined, 400],
    ['GET', '/images/absent/json', undefined, 404],
    ['POST', '/images/load', 'this is no tar', 400],
    ['POST', '/build?t=UPPER', '', 400],
    ['GET', '/v1.99/info', undefined, 400],
    ['GET', '/%', undefined, 400],
    ['POST', '/containers/%00/start', undefined, 404],
    ['PUT', '/containers/absent/archive?path=/', 'x', 404],
    ['GET', '/swarm', undefined, 503],
  ];
  for (const [method, path, body, status] of bad) {
    const answer = await daemon.ask(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.body}`);
    assert.equal(typeof JSON.parse(answer.body).message, 'string');
  }
  assert.equal((await daemon.ask('GET', '/_ping')).body, 'OK');
});

test('archives go in and out', { skip }, async () => {
  const id = await create({ Cmd: ['true'] });
  const head = await daemon.ask('HEAD', `/containers/${id}/archive?path=/bin/busybox`);
  const stat = JSON.parse(
    Buffer.from(String(head.headers['x-docker-container-path-stat']), 'base64').toString(),
  );
  assert.equal(stat.name, 'busybox');
  const tar = await daemon.ask('GET', `/containers/${id}/archive?path=/etc`);
  assert.equal(tar.status, 200);
  assert.equal((await daemon.ask('GET', `/containers/${id}/archive?path=/absent`)).status, 404);
  await daemon.ask('DELETE', `/containers/${id}`);
});

test('a second daemon is refused; a restarted one finds its containers running', { skip }, async () => {
  const id = await create({ Cmd: ['sleep', '100'], HostConfig: { NetworkMode: 'none' } });
  await daemon.ask('POST', `/containers/${id}/start`);
  await assert.rejects(new TestDaemon(daemon.dir).start(), /another|already/);
  const follow = await daemon.open('GET', `/containers/${id}/logs?stdout=1&follow=1`);
  follow.on('error', () => undefined).resume();
  assert.equal(await daemon.stop(), 0);
  assert.equal(existsSync(daemon.socket), false);
  await daemon.start();
  const { State } = JSON.parse((await daemon.ask('GET', `/containers/${id}/json`)).body);
  assert.equal(State.Running, true);
  await daemon.stop('SIGKILL');
  await daemon.start();
  assert.equal((await daemon.ask('DELETE', `/containers/${id}?force=1`)).status, 204);
});
