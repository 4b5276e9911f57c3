// The HTTP face over an engine of object literals: versions, errors, upgraded and plain connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type EngineApi, openEngineApi } from '#api/server.ts';
import type { Session } from '#api/streams/session.ts';
import type { Engine } from '#engine/open.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';
import { conflict, notFound } from '#shared/errors.ts';

let api: EngineApi;
let server: ReturnType<EngineApi['createServer']>;
let port = 0;
let created: ContainerCreateRequest | undefined;
let disposed = 0;

/** A program that answers every line of stdin in capitals and says `bye` at its end. */
function echoSession(tty: boolean): Session & { tty: boolean } {
  const pieces: Buffer[] = [Buffer.from('ready\n')];
  let wake = (): void => undefined;
  let ended = false;
  async function* output(): AsyncGenerator<{ stream: 1 | 2; data: Buffer }> {
    for (;;) {
      const data = pieces.shift();
      if (data !== undefined) yield { stream: 1, data };
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const push = (text: string): void => {
    pieces.push(Buffer.from(text));
    wake();
  };
  return {
    tty,
    output: output(),
    write: (data) => push(data.toString().toUpperCase()),
    endInput: () => {
      push('bye\n');
      ended = true;
    },
    [Symbol.asyncDispose]: async () => {
      disposed++;
      ended = true;
      wake();
    },
  };
}

const engine = {
  containers: {
    create: async (request: ContainerCreateRequest) => {
      created = request;
      if (request.Image === 'missing') throw notFound('No such image: missing', { hint: 'pull it' });
      return { Id: 'f'.repeat(64), Warnings: [] };
    },
    inspect: () => {
      throw conflict('busy');
    },
    attach: async (id: string) => echoSession(id === 'tty'),
    execInspect: (id: string) => ({ ProcessConfig: { tty: id === 'tty' }, OpenStdin: true, DetachKeys: '' }),
    execStart: async (id: string) => {
      if (id === 'absent') throw Object.assign(notFound('exec: "x": not found'), { exitCode: 127 });
      return echoSession(id === 'tty');
    },
  },
  images: { inspect: (name: string) => ({ name }) },
  build: {},
} as unknown as Engine;

before(async () => {
  api = await openEngineApi(engine, { version: '9.9' });
  server = api.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

after(async () => {
  server.close();
  server.closeAllConnections();
  await api[Symbol.asyncDispose]();
});

const ask = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, init);

async function refused(
  path: string,
  init?: RequestInit,
): Promise<{ status: number; message: string; hint?: string }> {
  const answer = await ask(path, init);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  return { status: answer.status, ...JSON.parse(await answer.text()) };
}

test('ping tells what is spoken, with and without a version', async () => {
  for (const path of ['/_ping', '/v1.40/_ping', '/v1.51/_ping']) {
    const answer = await ask(path);
    assert.equal(await answer.text(), 'OK');
    assert.equal(answer.headers.get('api-version'), '1.51');
    assert.equal(answer.headers.get('builder-version'), '1');
    assert.equal(answer.headers.get('server'), 'Wharf/9.9 (linux)');
  }
  assert.equal((await ask('/_ping', { method: 'HEAD' })).headers.get('ostype'), 'linux');
});

test('versions out of range, unknown paths and wrong methods are refused as Docker does', async () => {
  const tooNew = 'client version 1.99 is too new. Maximum supported API version is 1.51';
  assert.deepEqual(await refused('/v1.99/_ping'), { status: 400, message: tooNew });
  assert.match(
    (await refused('/v1.12/_ping')).message,
    /1\.12 is too old\. Minimum supported API version is 1\.40/,
  );
  assert.deepEqual(await refused('/nothing'), { status: 404, message: 'page not found' });
  assert.deepEqual(await refused('/_ping', { method: 'DELETE' }), { status: 404, message: 'page not found' });
  assert.equal((await refused('/swarm')).status, 503);
});

test('bad bodies are answered, never fatal', async () => {
  const post = (body: string): Promise<{ status: number; message: string; hint?: string }> =>
    refused('/containers/create', { method: 'POST', body });
  assert.equal((await post('{"Image":')).status, 400);
  const wrong = await post('{"Image":"a","HostConfig":{"Memory":"10m"}}');
  assert.deepEqual(wrong, {
    status: 400,
    message: 'invalid JSON: HostConfig.Memory: expected an integer, got string',
  });
  assert.equal((await post('[1]')).status, 400);
  assert.equal((await post(`{"Image":"${'x'.repeat(5e6)}"}`)).status, 413);
  assert.deepEqual(await post('{"Image":"missing"}'), {
    status: 404,
    message: 'No such image: missing',
    hint: 'pull it',
  });
  assert.deepEqual(await refused('/containers/x/json'), { status: 409, message: 'busy' });
});

test('a create request arrives decoded: null is absent, other cases and lone strings are understood', async () => {
  const body =
    '{"image":"a","Cmd":"ls","Env":null,"Nonsense":1,"NetworkingConfig":{"EndpointsConfig":{"n":null}}}';
  const answer = await ask('/v1.47/containers/create?name=x', { method: 'POST', body });
  assert.equal(answer.status, 201);
  assert.deepEqual(created, { Image: 'a', Cmd: ['ls'], NetworkingConfig: { EndpointsConfig: { n: null } } });
});

test('image names keep their slashes', async () => {
  const answer = await ask('/v1.51/images/registry.local:5000/a/b:1/json');
  assert.equal(((await answer.json()) as { name: string }).name, 'registry.local:5000/a/b:1');
});

async function openSocket(
  request: string,
): Promise<{ socket: Socket; until: (text: string) => Promise<string> }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let seen = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    seen += piece;
    socket.emit('seen');
  });
  socket.write(request);
  const until = async (text: string): Promise<string> => {
    while (!seen.includes(text)) await once(socket, 'seen');
    return seen;
  };
  return { socket, until };
}

const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';

test('attach is upgraded; the end of stdin leaves the output flowing', async () => {
  const before = disposed;
  const { socket, until } = await openSocket(
    `POST /v1.51/containers/plain/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n${upgrade}Content-Length: 0\r\n\r\nearly\n`,
  );
  assert.match(await until('\r\n\r\n'), /^HTTP\/1\.1 101 UPGRADED\r\n/);
  assert.match(await until('ready\n'), /multiplexed-stream/);
  await until('\x01\0\0\0\0\0\0\x06EARLY\n');
  socket.end('late\n');
  await until('LATE\n');
  await until('bye\n');
  await once(socket, 'end');
  assert.equal(disposed, before + 1);
});

test('an exec start is upgraded after its body, sized or chunked', async () => {
  const bodies = [
    'Content-Length: 15\r\n\r\n{"Detach":null}',
    'Transfer-Encoding: chunked\r\n\r\nf\r\n{"Detach":null}\r\n0\r\n\r\n',
  ];
  for (const body of bodies) {
    const { socket, until } = await openSocket(`POST /exec/tty/start HTTP/1.1\r\n${upgrade}${body}in\n`);
    const seen = await until('IN\n');
    assert.match(seen, /raw-stream/);
    assert.doesNotMatch(seen, /\x01\0\0\0/);
    socket.write('\x10\x11');
    await once(socket, 'end');
    socket.end();
  }
});

test('a program that cannot be run is told on the stream, a failure before as an error', async () => {
  const absent = await openSocket(
    `POST /exec/absent/start HTTP/1.1\r\n${upgrade}Content-Length: 2\r\n\r\n{}`,
  );
  await absent.until('exec: "x": not found\r\n');
  absent.socket.end();
  const torn = await openSocket(`POST /exec/tty/start HTTP/1.1\r\n${upgrade}Content-Length: 2\r\n\r\n{x`);
  assert.match(await torn.until('}'), /^HTTP\/1\.1 400 [\s\S]*invalid JSON/);
  torn.socket.end();
});

test('a client without Upgrade reads the output of a plain answer', async () => {
  const { socket, until } = await openSocket(
    'POST /containers/plain/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
  );
  assert.match(await until('ready\n'), /^HTTP\/1\.1 200 OK\r\n/);
  const before = disposed;
  socket.destroy();
  while (disposed === before) await new Promise((resolve) => setTimeout(resolve, 5));
});
