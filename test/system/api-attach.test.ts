// Attached by every kind of stream, framed, raw and by WebSocket: the end of stdin, and readers that do not read.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDaemon, whyNot } from './api-fixture.ts';
import { openWebSocket, textOf, upgrade } from './api-sockets.ts';

const skip = whyNot();
const daemon = new TestDaemon();
const megabyte = 1024 * 1024;
before(async () => {
  if (skip !== undefined) return;
  await daemon.start();
  await daemon.importBase();
});
after(() => daemon[Symbol.asyncDispose]());

async function create(name: string, config: object): Promise<void> {
  const body = JSON.stringify({ Image: 'base:1', ...config });
  const made = await daemon.ask('POST', `/containers/create?name=${name}`, body);
  assert.equal(made.status, 201, made.body);
}

const start = async (name: string): Promise<void> =>
  assert.equal((await daemon.ask('POST', `/containers/${name}/start`)).status, 204);

const attach = (name: string, what: string): Promise<Socket> =>
  upgrade(daemon.socket, `/containers/${name}/attach?stream=1&${what}`);

/** The payload of each frame, in their order. */
function unframed(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    pieces.push(bytes.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces);
}

async function bytesOf(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('framed: the end of stdin reaches the program, and its output comes whole', {
  skip,
  timeout: 60_000,
}, async () => {
  await create('framed', {
    Cmd: ['sh', '-c', 'cat; echo end; echo aside >&2'],
    OpenStdin: true,
    StdinOnce: true,
  });
  const socket = await attach('framed', 'stdin=1&stdout=1&stderr=1');
  await start('framed');
  const sent = 'y'.repeat(2 * megabyte);
  socket.end(sent);
  const seen = unframed(await bytesOf(socket)).toString();
  assert.equal(seen.replace(/end\n|aside\n/g, '').length, sent.length);
  assert.match(seen.slice(-20), /end\n/);
  assert.match((await daemon.ask('POST', '/containers/framed/wait')).body, /"StatusCode":0/);
});

test('raw: a terminal’s bytes come as they are, and its end of input is typed', {
  skip,
  timeout: 60_000,
}, async () => {
  await create('raw', { Cmd: ['sh', '-c', 'cat; echo end'], OpenStdin: true, Tty: true });
  const socket = await attach('raw', 'stdin=1&stdout=1');
  await start('raw');
  socket.write('typed\n');
  socket.write('\x04');
  const seen = await textOf(socket);
  assert.equal(seen, 'typed\r\ntyped\r\nend\r\n');
  const body = JSON.stringify({ Cmd: ['echo', 'x'], Tty: true, AttachStdout: true });
  await create('host', { Cmd: ['sleep', '600'] });
  await start('host');
  const made = await daemon.ask('POST', '/containers/host/exec', body);
  const { Id } = JSON.parse(made.body) as { Id: string };
  const exec = await upgrade(daemon.socket, `/exec/${Id}/start`, '{"Tty":true}');
  assert.equal(await textOf(exec), 'x\r\n');
});

const memoryBytes = (): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

test('readers that stop cost no memory, whatever they are attached by; others are served', {
  skip,
  timeout: 90_000,
}, async () => {
  const flood = ['sh', '-c', 'while :; do seq 1 100000; done'];
  const log = { HostConfig: { LogConfig: { Type: 'none' } } };
  await create('flood', { Cmd: flood, ...log });
  await create('tty-flood', { Cmd: flood, Tty: true, ...log });
  await create('ws-flood', { Cmd: flood, ...log });
  const readers = [
    await attach('flood', 'stdout=1'),
    await attach('tty-flood', 'stdout=1'),
    await openWebSocket(daemon.socket, '/containers/ws-flood/attach/ws?stream=1&stdout=1'),
  ];
  for (const reader of readers) reader.pause();
  for (const name of ['flood', 'tty-flood', 'ws-flood']) await start(name);
  await sleep(1_500);
  const before = memoryBytes();
  await sleep(3_000);
  const grown = (memoryBytes() - before) / megabyte;
  assert.ok(grown < 24, `${grown} MB more in three seconds`);
  assert.equal((await daemon.ask('GET', '/_ping')).body, 'OK');
  for (const reader of readers) {
    let got = 0;
    for await (const piece of reader as AsyncIterable<Buffer>) {
      got += piece.length;
      if (got > 4 * megabyte) break;
    }
    assert.ok(got > 4 * megabyte, 'who reads on gets more');
    reader.destroy();
  }
  for (const name of ['flood', 'tty-flood', 'ws-flood']) await daemon.ok('rm', '-f', name);
});
