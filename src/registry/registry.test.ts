// The client against registries that misbehave: resume, retries, redirects, credentials, and Docker's sentences.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { EngineError } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { parseReference } from '#shared/oci/reference.ts';
import { type Descriptor, mediaTypes } from '#shared/oci/specs.ts';
import { openRegistry, type RegistryOptions } from './registry.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const bytes = Buffer.alloc(300_000, 'some layer bytes ');
const digestOf = (data: Buffer): Digest => `sha256:${createHash('sha256').update(data).digest('hex')}`;
const layer: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };
const platform = { os: 'linux', architecture: 'amd64' };

async function serve(handler: Handler): Promise<{ host: string; seen: IncomingMessage[] } & AsyncDisposable> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    request.resume();
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function client(options: RegistryOptions = {}) {
  return openRegistry({
    idleTimeoutMs: 2_000,
    retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 },
    ...options,
  });
}

function sink() {
  const chunks: Buffer[] = [];
  return {
    offset: 0,
    async write(chunk: Buffer) {
      chunks.push(chunk);
      this.offset += chunk.length;
    },
    all: () => Buffer.concat(chunks),
  };
}

const says = (kind: string, pattern: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof EngineError, String(thrown));
  assert.match(thrown.message, pattern);
  assert.equal(thrown.kind, kind);
  return true;
};

function errorAnswer(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

test('a torn download goes on at its offset', async () => {
  await using server = await serve((request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = bytes.subarray(from);
    const headers = {
      'content-length': part.length,
      'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    };
    response.writeHead(from > 0 ? 206 : 200, headers);
    response.write(part.subarray(0, 120_000), () =>
      part.length > 120_000 ? response.destroy() : response.end(),
    );
  });
  using registry = client();
  const into = sink();
  await registry.blob(parseReference(`${server.host}/a`), layer, { sink: into });
  assert.deepEqual(into.all(), bytes);
  assert.deepEqual(
    server.seen.slice(1).every((one) => one.headers.range !== undefined),
    true,
  );
});

test('a server without ranges sends all again, and what is there is passed over', async () => {
  let times = 0;
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    if (times++ === 0) response.write(bytes.subarray(0, 1000), () => response.destroy());
    else response.end(bytes);
  });
  using registry = client();
  const into = sink();
  await registry.blob(parseReference(`${server.host}/a`), layer, { sink: into });
  assert.deepEqual(into.all(), bytes);
});

test('half a layer, every time, ends in an error that names the layer', async () => {
  await using server = await serve((_, response) => response.end(bytes.subarray(0, 5)));
  using registry = client();
  await assert.rejects(
    registry.blob(parseReference(`${server.host}/a`), layer, { sink: sink() }),
    says(
      'unavailable',
      new RegExp(`layer ${layer.digest.slice(7, 19)}: the registry sent 5 of 300000 bytes`),
    ),
  );
  assert.equal(server.seen.length, 3);
});

test('more bytes than announced are refused', async () => {
  await using server = await serve((_, response) => response.end(Buffer.concat([bytes, bytes])));
  using registry = client();
  const into = sink();
  await assert.rejects(
    registry.blob(parseReference(`${server.host}/a`), layer, { sink: into }),
    says('unavailable', /more than the 300000 bytes/),
  );
  assert.ok(into.offset <= bytes.length);
});

test('500 and 429 are tried again, for as long as is sensible', async () => {
  let times = 0;
  await using server = await serve((_, response) => {
    times++;
    if (times === 1) return errorAnswer(response, 500, 'UNKNOWN', 'boom');
    if (times === 2) {
      response.writeHead(429, { 'retry-after': '0' });
      return response.end();
    }
    response.end(bytes);
  });
  using registry = client();
  const into = sink();
  await registry.blob(parseReference(`${server.host}/a`), layer, { sink: into });
  assert.equal(times, 3);
  times = 0;
  await using patient = await serve((_, response) => {
    response.writeHead(429, { 'retry-after': '3600', 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        errors: [{ code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit' }],
      }),
    );
  });
  await assert.rejects(
    registry.manifest(parseReference(`${patient.host}/a`)),
    says('unavailable', /^toomanyrequests: You have reached your pull rate limit/),
  );
  assert.equal(patient.seen.length, 1);
});

test('a redirect to another host carries no credentials', async () => {
  await using storage = await serve((_, response) => response.end(bytes));
  await using server = await serve((request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
      return response.end();
    }
    response.writeHead(307, { location: `http://${storage.host}/elsewhere` });
    response.end();
  });
  using registry = client();
  const auth = { username: 'me', password: 'secret' };
  await registry.blob(parseReference(`${server.host}/a`), layer, { sink: sink(), auth });
  assert.equal(
    server.seen.at(-1)?.headers.authorization,
    `Basic ${Buffer.from('me:secret').toString('base64')}`,
  );
  assert.equal(storage.seen.length, 1);
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
});

test('a bearer token is asked for once a scope', async () => {
  await using server = await serve((request, response) => {
    if (request.url?.startsWith('/token')) {
      return void response.end(JSON.stringify({ token: 'abc', expires_in: 300 }));
    }
    if (request.headers.authorization === 'Bearer abc') return void response.end(bytes);
    const realm = `http://${request.headers.host}/token`;
    response.writeHead(401, {
      'www-authenticate': `Bearer realm="${realm}",service="s",scope="repository:a:pull"`,
    });
    response.end();
  });
  using registry = client();
  const ref = parseReference(`${server.host}/a`);
  await registry.blob(ref, layer, { sink: sink() });
  await registry.blob(ref, layer, { sink: sink() });
  const tokens = server.seen.filter((one) => one.url?.startsWith('/token'));
  assert.equal(tokens.length, 1);
  assert.match(tokens[0]?.url ?? '', /service=s&scope=repository%3Aa%3Apull/);
});

test("refusals have Docker's sentences", async () => {
  await using server = await serve((request, response) => {
    if (request.url?.includes('/missing/'))
      return errorAnswer(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    if (request.url?.includes('/denied/'))
      return errorAnswer(response, 403, 'DENIED', 'requested access to the resource is denied');
    errorAnswer(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
  });
  using registry = client();
  const { host } = server;
  const ask = (name: string) => registry.resolve(parseReference(`${host}/${name}`), platform);
  await assert.rejects(
    ask('missing:9'),
    says('not-found', /^manifest for 127.*\/missing:9 not found: manifest unknown: manifest unknown$/),
  );
  await assert.rejects(
    ask('denied'),
    says(
      'not-found',
      /^pull access denied for 127.*\/denied, repository does not exist or may require 'docker login': denied: requested/,
    ),
  );
  await assert.rejects(ask('other'), says('not-found', /^repository 127.*\/other not found: name unknown: /));
});

test("a login that is refused has Docker's sentences: by the token server, and by the registry itself", async () => {
  await using tokens = await serve((_request, response) => {
    response
      .writeHead(401)
      .end('{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}');
  });
  await using hub = await serve((_request, response) => {
    response
      .writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.host}/token",service="s"` })
      .end();
  });
  await using plain = await serve((_request, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
  using registry = client();
  const auth = { username: 'me', password: 'wrong' };
  await assert.rejects(
    registry.login(hub.host, { auth }),
    says(
      'unauthorized',
      new RegExp(`^Get "http://${hub.host}/v2/": unauthorized: incorrect username or password$`),
    ),
  );
  await assert.rejects(
    registry.login(plain.host, { auth }),
    says(
      'unauthorized',
      new RegExp(`^login attempt to http://${plain.host}/v2/ failed with status: 401 Unauthorized$`),
    ),
  );
});

test('what a registry says does not steer the terminal, and what is no tag is left out', async () => {
  await using server = await serve((request, response) => {
    if (request.url?.includes('/tags/'))
      return void response.end('{"tags":["ok","\\u001b[31m","../x","a\\nb",5]}');
    errorAnswer(response, 404, 'MANIFEST_UNKNOWN', 'gone\u001b[2J\r\nwharf: all is well');
  });
  using registry = client();
  const reference = parseReference(`${server.host}/x`);
  await assert.rejects(
    registry.manifest(reference),
    says('not-found', /manifest unknown: gone\ufffd\[2J wharf: all is well$/),
  );
  assert.deepEqual((await registry.tags(reference, { count: 9 })).tags, ['ok']);
});

test('a registry that is down, and one that says nothing', async () => {
  await using gone = await serve(() => {});
  const { host } = gone;
  await gone[Symbol.asyncDispose]();
  using registry = client({ idleTimeoutMs: 60 });
  await assert.rejects(
    registry.resolve(parseReference(`${host}/a`), platform),
    says(
      'unavailable',
      new RegExp(
        `^Get "http://${host}/v2/a/manifests/latest": dial tcp ${host}: connect: connection refused$`,
      ),
    ),
  );
  await using silent = await serve(() => {});
  await assert.rejects(registry.manifest(parseReference(`${silent.host}/a`)), says('unavailable', /timeout/));
  assert.equal(silent.seen.length, 3);
});

test('a manifest with another digest than asked for is refused', async () => {
  const manifest = { schemaVersion: 2, config: layer, layers: [layer] };
  await using server = await serve((_, response) => response.end(JSON.stringify(manifest)));
  using registry = client();
  await assert.rejects(
    registry.manifest(parseReference(`${server.host}/a@sha256:${'0'.repeat(64)}`)),
    says('unavailable', /manifest verification failed for digest sha256:000/),
  );
});

test('mirrors come first; one that lacks the image says more than a hub that is down', async () => {
  const bytesOfManifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: layer, layers: [] }));
  await using empty = await serve((_, response) =>
    errorAnswer(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown'),
  );
  await using full = await serve((request, response) => {
    if (request.url === '/hub/v2/library/python/manifests/3.11-slim')
      return void response.end(bytesOfManifest);
    errorAnswer(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  });
  using registry = client({ mirrors: [`http://${empty.host}`, `http://${full.host}/hub`] });
  const found = await registry.resolve(parseReference('python:3.11-slim'), platform);
  assert.equal(found.digest, digestOf(bytesOfManifest));
  assert.equal(empty.seen.length, 1);
});

test('a signal ends a slow download at once', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 10));
  });
  using registry = client();
  const stop = new AbortController();
  const into = sink();
  const running = registry.blob(parseReference(`${server.host}/a`), layer, {
    sink: into,
    signal: stop.signal,
    onBytes: () => stop.abort(),
  });
  await assert.rejects(running, says('cancelled', /context canceled/));
});
