// Requests, streamed bodies and upgrades over a pair of streams.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { joinInProcess } from '#daemon/in-process.ts';

test('a client reaches a server of its own process', async () => {
  const server = createServer(async (request, response) => {
    response.writeHead(201, { 'X-Path': request.url });
    response.end((await text(request)).toUpperCase());
  });
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello ');
    socket.pipe(socket);
  });
  const transport = joinInProcess(server);
  const body = Readable.from(['a', 'b']);
  const answer = await transport.send({ method: 'POST', path: '/x?y=1', body });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers['x-path'], '/x?y=1');
  assert.equal(await text(answer.body), 'AB');
  const joined = await transport.upgrade({ method: 'POST', path: '/attach' });
  assert.ok(joined instanceof Duplex);
  joined.end('there');
  assert.equal(await text(joined), 'hello there');
});
