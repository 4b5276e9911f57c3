// Log drivers: options that are checked, details that are told, lines that reach a syslog server.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDaemon, whyNot } from './api-fixture.ts';

const skip = whyNot();
const daemon = new TestDaemon();

before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});
after(() => daemon[Symbol.asyncDispose]());

async function create(name: string, config: object): Promise<{ status: number; body: string }> {
  const body = JSON.stringify({ Image: 'base:1', ...config });
  return await daemon.ask('POST', `/containers/create?name=${name}`, body);
}

test('drivers and options that are not there are refused when the container is made', { skip }, async () => {
  const wrong: [object, RegExp][] = [
    [{ Type: 'splunk' }, /no log driver named 'splunk' is registered/],
    [{ Type: 'json-file', Config: { nonsense: '1' } }, /unknown log opt 'nonsense' for json-file log driver/],
    [{ Type: 'json-file', Config: { 'max-file': '0' } }, /max-file cannot be less than 1/],
    [{ Type: 'local', Config: { 'max-size': 'much' } }, /invalid size/],
    [{ Type: 'syslog', Config: { 'syslog-address': 'nowhere' } }, /syslog-address should be in form/],
  ];
  if (!existsSync('/run/systemd/journal/socket'))
    wrong.push([{ Type: 'journald' }, /journald is not enabled/]);
  for (const [LogConfig, sentence] of wrong) {
    const { status, body } = await create('xx', { Cmd: ['true'], HostConfig: { LogConfig } });
    assert.equal(status, 400, body);
    assert.match(body, sentence);
  }
});

test('details tell the chosen labels, variables and the tag', { skip, timeout: 20_000 }, async () => {
  await create('told', {
    Cmd: ['echo', 'line'],
    Env: ['COLOUR=dark blue', 'OTHER=1'],
    Labels: { team: 'a', 'team.lead': 'b', rest: 'c' },
    HostConfig: {
      LogConfig: { Type: 'json-file', Config: { env: 'COLOUR', 'labels-regex': '^team', tag: '{{.Name}}' } },
    },
  });
  assert.equal(await daemon.ok('start', '-a', 'told'), 'line');
  const details = 'COLOUR=dark+blue,team=a,team.lead=b,tag=told line';
  assert.equal(await daemon.ok('logs', '--details', 'told'), details);
  assert.match(await daemon.ok('logs', '--details', '-t', 'told'), /^\d{4}-\S+Z COLOUR=dark\+blue/);
});

test('the driver none has nothing to read', { skip, timeout: 20_000 }, async () => {
  await create('mute', { Cmd: ['echo', 'x'], HostConfig: { LogConfig: { Type: 'none' } } });
  assert.equal(await daemon.ok('start', '-a', 'mute'), 'x');
  const { status, body } = await daemon.ask('GET', '/containers/mute/logs?stdout=1');
  assert.equal(status, 501);
  assert.match(body, /configured logging driver does not support reading/);
});

test('syslog gets every line with its severity and tag', { skip, timeout: 20_000 }, async () => {
  const server = createSocket('udp4');
  const seen: string[] = [];
  server.on('message', (message) => seen.push(message.toString()));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const Config = { 'syslog-address': `udp://127.0.0.1:${server.address().port}`, tag: 'app/{{.Name}}' };
  const made = await create('syslogged', {
    Cmd: ['sh', '-c', 'echo first; echo second >&2; sleep 0.5; echo third'],
    HostConfig: { LogConfig: { Type: 'syslog', Config } },
  });
  assert.equal(made.status, 201, made.body);
  await daemon.ok('start', 'syslogged');
  for (let waits = 0; waits < 100 && seen.length < 3; waits++) await sleep(50);
  server.close();
  assert.equal(seen.length, 3, JSON.stringify(seen));
  assert.match(seen.find((line) => line.includes('first')) ?? '', /^<30>.*app\/syslogged.*: first/);
  assert.match(seen.find((line) => line.includes('second')) ?? '', /^<27>.*second/);
  assert.match(await daemon.ok('logs', 'syslogged'), /third/);
});
