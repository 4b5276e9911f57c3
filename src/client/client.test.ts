// The client against a real server on a unix socket: versions, errors, streams, upgrades.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { EngineError } from '#shared/errors.ts';
import { type Client, openClient } from './client.ts';
import { parseHost } from './host.ts';

async function withServer(
  listener: RequestListener,
  body: (client: Client, server: Server) => Promise<void>,
  apiVersion = '1.51',
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-client-'));
  const server = createServer((request, response) => {
    if (request.url === '/_ping') response.setHeader('Api-Version', apiVersion).end('OK');
    else listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(join(dir, 's'), resolve));
  try {
    await using client = openClient(`unix://${join(dir, 's')}`);
    await body(client, server);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  }
}

test('the older of both API versions is spoken', async () => {
  const seen: string[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(request.url ?? '');
    response.end('[]');
  };
  await withServer(listener, async (client) => void (await client.images.list({ all: true })), '1.44');
  await withServer(listener, async (client) => void (await client.images.list()), '1.60');
  assert.deepEqual(seen, ['/v1.44/images/json?all=1', '/v1.51/images/json']);
});

test('a bad answer becomes an EngineError with its message and hint', async () => {
  const listener: RequestListener = (_request, response) => {
    response.statusCode = 409;
    response.end(JSON.stringify({ message: 'name in use', hint: 'take another' }));
  };
  await withServer(listener, async (client) => {
    await assert.rejects(client.containers.start('x'), (thrown) => {
      assert.ok(thrown instanceof EngineError);
      assert.deepEqual(
        [thrown.kind, thrown.message, thrown.hint],
        ['conflict', 'name in use', 'take another'],
      );
      return true;
    });
  });
});

test('no engine is said so, with what to do', async () => {
  await using client = openClient('unix:///nowhere/at/all.sock');
  await assert.rejects(
    client.system.info(),
    /Cannot connect to the Wharf daemon at unix:\/\/\/nowhere\/at\/all.sock. Is the daemon running\?/,
  );
});

test('JSON lines come one by one, in any pieces', async () => {
  const listener: RequestListener = async (_request, response) => {
    for (const piece of ['{"status":"a', '"}\n{"sta', 'tus":"ü"}\r\n\n', '{"status":"c"}{"status":"d"}']) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  };
  await withServer(listener, async (client) => {
    const seen: unknown[] = [];
    for await (const line of await client.images.pull({ fromImage: 'x' })) seen.push(line.status);
    assert.deepEqual(seen, ['a', 'ü', 'c', 'd']);
  });
});

test('an attached socket carries both ways, half-closes, and keeps the first bytes', async () => {
  await withServer(
    () => undefined,
    async (client, server) => {
      server.on('upgrade', (_request, socket: Socket) => {
        socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly ');
        let got = '';
        socket.on('data', (chunk) => {
          got += chunk;
        });
        socket.on('end', () => socket.end(`got ${got}`));
      });
      const socket = await client.containers.attach('x', { stdin: true });
      socket.end('input');
      let text = '';
      for await (const chunk of socket) text += chunk;
      assert.equal(text, 'early got input');
    },
  );
});

test('a refused upgrade is the engine’s error', async () => {
  const listener: RequestListener = (_request, response) => {
    response.statusCode = 404;
    response.end('{"message":"No such container: x"}');
  };
  await withServer(listener, async (client) => {
    await assert.rejects(client.containers.attach('x', {}), /No such container: x/);
  });
});

test('a body that fails while it is sent fails the request', async () => {
  const listener: RequestListener = (request) => void request.resume();
  await withServer(listener, async (client) => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('disk gone'));
      },
    });
    await assert.rejects(client.images.build({}, broken), /disk gone/);
  });
});

test('hosts', () => {
  assert.deepEqual(parseHost('tcp://[::1]:99'), { text: 'tcp://[::1]:99', hostname: '::1', port: 99 });
  assert.deepEqual(parseHost('tcp://h'), { text: 'tcp://h', hostname: 'h', port: 2375 });
  assert.throws(() => parseHost('h:1'), /unable to parse docker host/);
  assert.throws(() => parseHost('unix://'), /unable to parse docker host/);
  assert.deepEqual(parseHost('ssh://me@x:23/s.sock'), {
    text: 'ssh://me@x:23/s.sock',
    ssh: { hostname: 'x', user: 'me', port: 23, socketPath: '/s.sock' },
  });
  assert.throws(() => parseHost('ssh://-oProxyCommand=x'), /unable to parse docker host/);
  assert.throws(() => parseHost('npipe://x'), /unable to connect with npipe/);
});
