// Pushes to registries that are odd or unlucky: redirected uploads, slow last words, lost answers, refusals on the way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isKind } from '#shared/errors.ts';
import { archiveOf, digestOf, makeImage, openHost, scratch } from './images-fixture.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const quick = { retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 }, idleTimeoutMs: 1_000 };
const image = await makeImage([{ files: { big: 'x'.repeat(3_000_000) }, as: 'plain' }]);

/** Answers in the registry's place where it gives true. */
type Twist = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

interface Taker extends AsyncDisposable {
  host: string;
  asked: string[];
  blobs: Map<string, Buffer>;
  manifests: Map<string, Buffer>;
}

/** A registry that takes what it is given, one PUT a blob. */
async function take(twist: Twist): Promise<Taker> {
  const [blobs, manifests] = [new Map<string, Buffer>(), new Map<string, Buffer>()];
  const asked: string[] = [];
  let uploads = 0;
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (await twist(request, response)) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const name = pathname.split('/').at(-1) ?? '';
    const bytes = await buffer(request).catch(() => undefined);
    if (bytes === undefined) return;
    const found = blobs.get(name);
    if (request.method === 'HEAD') return void response.writeHead(found ? 200 : 404).end();
    if (request.method === 'POST')
      return void response.writeHead(202, { location: `/v2/x/blobs/uploads/${++uploads}` }).end();
    if (request.method !== 'PUT') return void response.writeHead(404).end();
    const digest = searchParams.get('digest');
    if (digest === null) manifests.set(name, bytes);
    else if (digestOf(bytes) === digest) blobs.set(digest, bytes);
    else return void response.writeHead(400).end();
    response.writeHead(201).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    blobs,
    manifests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let hosts = 0;

async function push(taker: Taker, options: object = {}): Promise<void> {
  await using host = await openHost(join(place.dir, `h${hosts++}`), { ...quick, ...options });
  const reference = `${taker.host}/x:1`;
  await host.images.load(Readable.from([await archiveOf(image, reference)]));
  await host.images.push({ reference });
}

function assertWhole(taker: Taker): void {
  assert.deepEqual([...taker.manifests.keys()], ['1']);
  for (const bytes of [image.config, ...image.layers.map((layer) => layer.bytes)])
    assert.ok(taker.blobs.has(digestOf(bytes)));
}

const isLast = ({ method, url }: IncomingMessage): boolean =>
  method === 'PUT' && url?.includes('digest=') === true;

test('uploads and manifests that are redirected arrive where they are sent', async () => {
  await using taker = await take((request, response) => {
    if (request.method === 'HEAD' || request.url?.includes('moved')) return false;
    if (isLast(request)) return false;
    const location = `${request.url}${request.url?.includes('?') ? '&' : '?'}moved`;
    return Boolean(response.writeHead(307, { location }).end());
  });
  await push(taker);
  assertWhole(taker);
});

test('a blob whose last word is neither yes nor no was not taken', async () => {
  await using taker = await take((request, response) => {
    if (!isLast(request)) return false;
    request.resume();
    return Boolean(response.writeHead(302, { location: '/login' }).end());
  });
  await assert.rejects(push(taker), /received unexpected HTTP status: 302/);
  assert.equal(taker.manifests.size, 0);
});

test('a registry that takes long to put a layer in its place is waited for', async () => {
  await using taker = await take(async (request, response) => {
    if (!isLast(request)) return false;
    const bytes = await buffer(request);
    taker.blobs.set(digestOf(bytes), bytes);
    // Longer than a connection may be silent otherwise.
    await sleep(1_800);
    return Boolean(response.writeHead(201).end());
  });
  await push(taker);
  assertWhole(taker);
  assert.equal(taker.asked.filter((line) => line.startsWith('PUT') && line.includes('digest=')).length, 2);
});

test('the answer to a blob is lost: it is not sent again', async () => {
  let lost = false;
  await using taker = await take(async (request, response) => {
    if (!isLast(request) || lost || Number(request.headers['content-length']) < 1_000_000) return false;
    const bytes = await buffer(request);
    lost = true;
    taker.blobs.set(digestOf(bytes), bytes);
    response.destroy();
    return true;
  });
  await push(taker);
  assert.ok(lost);
  assertWhole(taker);
  const big = digestOf(image.layers[0]?.bytes ?? Buffer.alloc(0));
  assert.equal(
    taker.asked.filter((line) => line.startsWith('PUT') && line.includes(encodeURIComponent(big))).length,
    1,
  );
});

test('429 and 503 to each request, once: the push waits and goes on', async () => {
  const seen = new Set<string>();
  await using taker = await take((request, response) => {
    const key = `${request.method} ${request.url?.replace(/uploads\/\d+/, '')}`;
    if (seen.has(key)) return false;
    seen.add(key);
    request.resume();
    const status = seen.size % 2 ? 429 : 503;
    return Boolean(response.writeHead(status, { 'retry-after': '0' }).end());
  });
  await push(taker, { retry: { attempts: 8, firstDelayMs: 1, maxDelayMs: 5 } });
  assertWhole(taker);
});

test('who may not push is told so, and nothing is tried again', async () => {
  await using taker = await take((request, response) => {
    if (request.method === 'HEAD') return false;
    const errors = [{ code: 'DENIED', message: 'requested access to the resource is denied' }];
    return Boolean(response.writeHead(403).end(JSON.stringify({ errors })));
  });
  await assert.rejects(push(taker), (thrown: Error) => {
    assert.match(thrown.message, /denied: requested access to the resource is denied/);
    return isKind(thrown, 'forbidden');
  });
  assert.ok(taker.asked.filter((line) => line.startsWith('POST')).length <= 2, taker.asked.join('\n'));
});
