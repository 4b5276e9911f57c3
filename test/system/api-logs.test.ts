// Log drivers: options that are checked, details that are told, lines that reach a syslog server.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
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
    [{ Type: 'splunk' }, /error looking up logging plugin splunk/],
    [{ Type: 'json-file', Config: { nonsense: '1' } }, /unknown log opt 'nonsense' for json-file log driver/],
    [{ Type: 'json-file', Config: { 'max-file': '0' } }, /max-file cannot be less than 1/],
    [{ Type: 'local', Config: { 'max-size': 'much' } }, /invalid size/],
    [{ Type: 'syslog', Config: { 'syslog-address': 'nowhere' } }, /unsupported scheme: ''/],
    [{ Type: 'json-file', Config: { mode: 'x' } }, /logging mode not supported: x/],
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

/** What a stream server got, all connections together. */
async function listen(server: Server, where: object): Promise<() => string> {
  let seen = '';
  server.on('connection', (socket) => socket.on('data', (piece) => (seen += String(piece))));
  server.listen(where);
  await once(server, 'listening');
  return () => seen;
}

async function eventually(what: string, is: () => boolean): Promise<void> {
  for (let waits = 0; waits < 400; waits++) {
    if (is()) return;
    await sleep(50);
  }
  throw new Error(`waited for ${what}`);
}

test('syslog by tcp and by a unix socket; facility, format, labels and variables', {
  skip,
  timeout: 60_000,
}, async () => {
  await using byTcp = createServer();
  await using byPath = createServer();
  const tcp = await listen(byTcp, { port: 0, host: '127.0.0.1' });
  const path = join(daemon.dir, 'log.sock');
  const unix = await listen(byPath, { path });
  const { port } = byTcp.address() as AddressInfo;
  const common = { Cmd: ['echo', 'a line'], Env: ['COLOUR=blue'], Labels: { team: 'a' } };
  const ways: [string, string, Record<string, string>][] = [
    ['over-tcp', `tcp://127.0.0.1:${port}`, { 'syslog-format': 'rfc5424', 'syslog-facility': 'local3' }],
    ['over-unix', `unix://${path}`, { env: 'COLOUR', labels: 'team', tag: '{{.Name}}/{{.ID}}' }],
  ];
  for (const [name, address, more] of ways) {
    const Config = { 'syslog-address': address, ...more };
    const made = await create(name, { ...common, HostConfig: { LogConfig: { Type: 'syslog', Config } } });
    assert.equal(made.status, 201, made.body);
    await daemon.ok('start', name);
  }
  await eventually('both lines', () => tcp().includes('a line') && unix().includes('a line'));
  // local3 is 19; 19 * 8 + 6 (info). RFC 5424 has a version after the priority.
  assert.match(tcp(), /<158>1 \d{4}-\d\d-\d\dT/);
  assert.match(unix(), /<30>.*over-unix\/[0-9a-f]{12}.*COLOUR=blue.*team=a.*: a line/);
});

test('what goes to syslog can be read here, unless that is switched off', {
  skip,
  timeout: 30_000,
}, async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const Config = { 'syslog-address': `udp://127.0.0.1:${server.address().port}`, 'cache-disabled': 'true' };
  const made = await create('away', {
    Cmd: ['echo', 'x'],
    HostConfig: { LogConfig: { Type: 'syslog', Config } },
  });
  assert.equal(made.status, 201, made.body);
  const got = once(server, 'message');
  await daemon.ok('start', 'away');
  assert.match(String((await got)[0]), /: x/);
  server.close();
  const { status, body } = await daemon.ask('GET', '/containers/away/logs?stdout=1');
  assert.equal(status, 501);
  assert.match(body, /configured logging driver does not support reading/);
});

for (const Type of ['json-file', 'local']) {
  test(`${Type}: a log that grows past max-size begins anew, and max-file of them are kept`, {
    skip,
    timeout: 60_000,
  }, async () => {
    const name = `grows-${Type}`;
    await create(name, {
      Cmd: ['sh', '-c', 'for turn in 1 2 3 4 5 6; do seq 1 4000; sleep 1; done; echo end; sleep 600'],
      HostConfig: { LogConfig: { Type, Config: { 'max-size': '20k', 'max-file': '2' } } },
    });
    await daemon.ok('start', name);
    const { LogPath } = JSON.parse((await daemon.ask('GET', `/containers/${name}/json`)).body) as {
      LogPath: string;
    };
    const files = (): string[] =>
      readdirSync(dirname(LogPath)).filter((file) => file.startsWith(basename(LogPath)));
    await eventually('a second file', () => files().length === 2);
    let logs = '';
    for (let waits = 0; waits < 300 && !logs.endsWith('end'); waits++) {
      logs = await daemon.ok('logs', name);
      await sleep(50);
    }
    assert.ok(logs.endsWith('4000\nend'), logs.slice(-50));
    assert.ok(logs.length < 6 * 4000 * 4, 'the first lines are gone');
    assert.ok(files().length <= 2, files().join(' '));
    assert.equal(await daemon.ok('logs', '--tail', '2', name), '4000\nend');
    await daemon.ok('rm', '-f', name);
  });
}
