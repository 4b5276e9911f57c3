// Streams over a real socket: half-closed, read slowly or not at all, by WebSocket, many on one connection.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDaemon, whyNot } from './api-fixture.ts';
import { textOf, upgrade } from './api-sockets.ts';

const skip = whyNot();
const daemon = new TestDaemon();
const megabyte = 1024 * 1024;

before(async () => {
  if (skip !== undefined) return;
  process.env['NODE_OPTIONS'] = '--trace-warnings';
  await daemon.start();
  delete process.env['NODE_OPTIONS'];
  await daemon.importBase();
});
after(() => daemon[Symbol.asyncDispose]());

const memoryBytes = (): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

async function startContainer(name: string, config: object): Promise<string> {
  const body = JSON.stringify({ Image: 'base:1', ...config });
  const made = await daemon.ask('POST', `/containers/create?name=${name}`, body);
  assert.equal(made.status, 201, made.body);
  assert.equal((await daemon.ask('POST', `/containers/${name}/start`)).status, 204);
  return name;
}

async function execIn(container: string, config: object): Promise<string> {
  const body = JSON.stringify({ AttachStdout: true, ...config });
  const made = await daemon.ask('POST', `/containers/${container}/exec`, body);
  return (JSON.parse(made.body) as { Id: string }).Id;
}

test('the end of stdin leaves the output flowing to its end', { skip, timeout: 20_000 }, async () => {
  const name = await startContainer('half', { Cmd: ['sleep', '600'] });
  const id = await execIn(name, { AttachStdin: true, Cmd: ['sh', '-c', 'cat; sleep 0.3; echo end'] });
  const socket = await upgrade(daemon.socket, `/exec/${id}/start`, '{"Detach":false}');
  const sent = 'x'.repeat(3 * megabyte);
  socket.end(sent);
  const seen = await textOf(socket);
  const plain = seen.replace(/\x01\0\0\0[\s\S]{4}/g, '');
  assert.ok(plain.endsWith('end\n'));
  assert.ok(plain.length >= sent.length);
});

test('a reader that stops makes the program wait, and costs no memory', {
  skip,
  timeout: 60_000,
}, async () => {
  const name = await startContainer('flood', { Cmd: ['sleep', '600'] });
  const id = await execIn(name, { Cmd: ['sh', '-c', 'seq 1 6000000; echo over >/tmp/over'] });
  const socket = await upgrade(daemon.socket, `/exec/${id}/start`, '{"Detach":false}');
  socket.pause();
  await sleep(500);
  const before = memoryBytes();
  await sleep(2_000);
  assert.ok(memoryBytes() - before < 24 * megabyte, `${(memoryBytes() - before) / megabyte} MB more`);
  const running = JSON.parse((await daemon.ask('GET', `/exec/${id}/json`)).body) as { Running: boolean };
  assert.equal(running.Running, true, 'the program waits for its reader');
  const startedMs = Date.now();
  assert.equal((await daemon.ask('GET', '/_ping')).body, 'OK');
  assert.ok(Date.now() - startedMs < 200, 'others are answered meanwhile');
  let total = 0;
  let last: Buffer = Buffer.alloc(0);
  for await (const piece of socket as AsyncIterable<Buffer>) {
    total += piece.length;
    last = piece;
  }
  assert.ok(last.includes('6000000\n'));
  assert.ok(total > 44 * megabyte, `${total} bytes`);
});

test('slow readers of logs and events cost no memory', { skip, timeout: 60_000 }, async () => {
  await startContainer('talker', { Cmd: ['sh', '-c', 'seq 1 3000000; sleep 600'] });
  await sleep(1_500);
  const open = (path: string): Promise<IncomingMessage> => daemon.open('GET', path);
  const readers = await Promise.all(
    Array.from({ length: 20 }, () => open('/containers/talker/logs?follow=1&stdout=1')),
  );
  await sleep(500);
  const before = memoryBytes();
  await sleep(2_000);
  assert.ok(memoryBytes() - before < 24 * megabyte, `${(memoryBytes() - before) / megabyte} MB more`);
  for (const reader of readers) reader.destroy();
});

test('a container is attached to by a WebSocket', { skip, timeout: 20_000 }, async () => {
  await startContainer('socket', { Cmd: ['cat'], OpenStdin: true, StdinOnce: true });
  const socket = connect(daemon.socket);
  socket.write(
    'GET /v1.51/containers/socket/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n' +
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const seen: Buffer[] = [];
  socket.on('data', (piece: Buffer) => seen.push(piece));
  const until = async (text: string): Promise<void> => {
    while (!Buffer.concat(seen).includes(Buffer.from(text, 'latin1'))) await once(socket, 'data');
  };
  await until('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  const ended = once(socket, 'end');
  socket.write(Buffer.from([0x82, 0x86, 0, 0, 0, 0, ...Buffer.from('hello\n')]));
  await until('\x82\x06hello\n');
  socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
  await ended;
  const plain = await daemon.ask('GET', '/containers/socket/attach/ws');
  assert.equal(plain.status, 400);
});

test('a long session on kept connections leaves nothing behind on them', {
  skip,
  timeout: 60_000,
}, async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, path: string, body?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const call = httpRequest({ socketPath: daemon.socket, agent, method, path }, (answer) =>
        textOf(answer).then(resolve, reject),
      );
      call.once('error', reject).end(body);
    });
  await startContainer('long', { Cmd: ['sleep', '600'] });
  for (let round = 0; round < 25; round++) {
    await ask('GET', '/containers/long/logs?stdout=1');
    await ask('GET', '/containers/long/stats?stream=0&one-shot=1');
    await ask('GET', '/containers/long/archive?path=/bin/sh');
    await ask('PUT', '/containers/long/archive?path=/tmp', Buffer.alloc(1024).toString());
    await ask('GET', '/events?since=1&until=2');
    const id = (JSON.parse(await ask('POST', '/containers/long/exec', '{"Cmd":["true"]}')) as { Id: string })
      .Id;
    await ask('POST', `/exec/${id}/start`, '{"Detach":true}');
    await ask('POST', '/images/load', 'nonsense');
    await ask('POST', '/build', 'nonsense');
    await ask('GET', '/system/df');
  }
  agent.destroy();
  assert.doesNotMatch(daemon.errors, /Warning|nobody/, daemon.errors);
});
