// A Hub that is a cache, interrupted: its clients, itself and the registry behind it end at any point, its disk is full.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer, get, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, digestOf, makeImage, ociManifest, scratch, serveIn, spawnHub } from './hub-fixture.ts';

const image = makeImage([randomBytes(5_000_000)]);
const [layer = Buffer.alloc(0)] = image.layers;
const layerPath = `/v2/library/app/blobs/${digestOf(layer)}`;

interface Upstream extends AsyncDisposable {
  host: string;
  /** Byte of the layer where it stops sending; it has no end where this is `Infinity`. */
  stopAt: number;
  /** What it does there: ends the connection, or keeps it open without a word. */
  atStop: 'tear' | 'hold';
  /** First byte of the layer that each request asked for. */
  asked: number[];
}

/** A registry with one image, which takes ranges and stops where it is told to. */
async function startUpstream(): Promise<Upstream> {
  const server = createServer((request, response) => {
    if (request.url?.includes('/manifests/')) {
      response.writeHead(200, { 'content-type': ociManifest }).end(image.manifest);
    } else if (request.url?.endsWith(digestOf(layer))) {
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      upstream.asked.push(from);
      sendLayer(response, from, upstream);
    } else response.writeHead(request.url === '/v2/' ? 200 : 404).end();
  });
  const upstream: Upstream = {
    host: '',
    stopAt: Number.POSITIVE_INFINITY,
    atStop: 'tear',
    asked: [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  upstream.host = `127.0.0.1:${address.port}`;
  return upstream;
}

function sendLayer(response: ServerResponse, from: number, { stopAt, atStop }: Upstream): void {
  const range = { 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` };
  response.writeHead(from === 0 ? 200 : 206, {
    'content-length': String(layer.length - from),
    ...(from === 0 ? {} : range),
  });
  if (stopAt >= layer.length) return void response.end(layer.subarray(from));
  const end = () => {
    if (atStop === 'tear') response.destroy();
  };
  if (stopAt <= from) end();
  else response.write(layer.subarray(from, stopAt), end);
}

/** Asks for the layer until `enough` bytes of it came, then goes away; what came. Resolves too where the answer was torn. */
function pullSome(base: string, enough: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const over = () => {
      asked.destroy();
      resolve(Buffer.concat(pieces));
    };
    const asked = get(`${base}${layerPath}`, { agent: false }, (response) => {
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes >= enough) over();
      });
      response.once('close', over).on('error', over);
    });
    asked.on('error', over);
  });
}

function assertBeginningOfLayer(part: Buffer): void {
  assert.ok(part.length < layer.length, 'it does not look complete');
  assert.ok(part.equals(layer.subarray(0, part.length)), 'what came is right');
}

const inJson = (host: string) => ({ proxy: { upstream: host, client: { retry: { attempts: 1 } } } });

test('the other registry breaks off at any point: no pull looks complete, and the retry goes on where it was', async () => {
  await using upstream = await startUpstream();
  const random = Array.from({ length: 4 }, () => Math.floor(Math.random() * layer.length));
  for (const stopAt of [0, 1, 65_536, ...random, layer.length - 1]) {
    using place = scratch();
    await using cache = await serveIn(place.dir, inJson(upstream.host));
    assert.equal((await call(cache.url, '/v2/library/app/manifests/1')).status, 200);
    upstream.stopAt = stopAt;
    assertBeginningOfLayer(await pullSome(cache.url, layer.length));
    upstream.stopAt = Number.POSITIVE_INFINITY;
    upstream.asked.length = 0;
    assert.deepEqual((await call(cache.url, layerPath)).body, layer, `broken off at byte ${stopAt}`);
    assert.ok((upstream.asked[0] ?? 0) <= stopAt, `went on at ${upstream.asked}`);
    if (stopAt > 2 ** 20) assert.ok((upstream.asked[0] ?? 0) > 0, 'it was asked for the rest alone');
  }
});

test('the cache is killed at any point of a pull; the next one goes on, and serves what is right', async () => {
  await using upstream = await startUpstream();
  for (const stopAt of [1_200_000, 2_500_000 + Math.floor(Math.random() * 2_000_000), layer.length - 1]) {
    using place = scratch();
    upstream.stopAt = stopAt;
    upstream.atStop = 'hold';
    const first = await spawnHub(place.dir, inJson(upstream.host));
    let part: Promise<Buffer>;
    try {
      assert.equal((await call(first.url, '/v2/library/app/manifests/1')).status, 200);
      part = pullSome(first.url, layer.length);
      await untilFetched(place.dir, stopAt - 2 ** 20);
    } finally {
      await first.kill();
    }
    assertBeginningOfLayer(await part);
    upstream.stopAt = Number.POSITIVE_INFINITY;
    upstream.asked.length = 0;
    await using second = await serveIn(place.dir, inJson(upstream.host));
    assert.deepEqual((await call(second.url, '/v2/library/app/manifests/1')).body, image.manifest);
    assert.deepEqual((await call(second.url, layerPath)).body, layer);
    assert.equal(upstream.asked.length, 1);
    assert.ok((upstream.asked[0] ?? 0) > 0, 'it was asked for the rest alone');
  }
});

test('clients go away at any point; the cache fetches on, and asks no second time', async () => {
  using place = scratch();
  await using upstream = await startUpstream();
  await using cache = await serveIn(place.dir, inJson(upstream.host));
  assert.equal((await call(cache.url, '/v2/library/app/manifests/1')).status, 200);
  const parts = Array.from({ length: 8 }, () =>
    pullSome(cache.url, 1 + Math.floor(Math.random() * 4_000_000)),
  );
  for (const part of await Promise.all(parts)) {
    assert.ok(part.equals(layer.subarray(0, part.length)), 'what came is right');
  }
  assert.deepEqual((await call(cache.url, layerPath)).body, layer);
  assert.deepEqual(upstream.asked, [0]);
});

test('the disk of the cache is full: the pull is torn, nothing else is lost, and with room the retry succeeds', async () => {
  using place = scratch();
  await using upstream = await startUpstream();
  const root = join(place.dir, 'hub');
  mkdirSync(root);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
  try {
    await using cache = await serveIn(place.dir, inJson(upstream.host));
    assert.equal((await call(cache.url, '/v2/library/app/manifests/1')).status, 200);
    assertBeginningOfLayer(await pullSome(cache.url, layer.length));
    assert.deepEqual(readdirSync(join(root, 'fetches')), [], 'a part that fills the disk is not kept');
    assert.deepEqual((await call(cache.url, '/v2/library/app/manifests/1')).body, image.manifest);
    execFileSync('mount', ['-o', 'remount,size=40m', root]);
    assert.deepEqual((await call(cache.url, layerPath)).body, layer);
  } finally {
    execFileSync('umount', [root]);
  }
});

test('a manifest with another digest than the one asked for is neither served nor kept', async () => {
  using place = scratch();
  await using upstream = await startUpstream();
  await using cache = await serveIn(place.dir, inJson(upstream.host));
  const other = `/v2/library/app/manifests/${makeImage([Buffer.from('another')]).digest}`;
  for (let tries = 0; tries < 2; tries++) {
    const { status, body } = await call(cache.url, other);
    assert.equal(status, 503, body.toString());
    assert.match(body.toString(), /digest/);
  }
  assert.equal((await call(cache.url, '/v2/library/app/tags/list')).status, 404, 'nothing was remembered');
  assert.deepEqual(readdirSync(join(place.dir, 'hub/content/blobs/sha256')), []);
});

/** Until the cache has so much of the layer in its folder. */
async function untilFetched(dir: string, bytes: number): Promise<void> {
  const path = join(dir, 'hub/fetches', digestOf(layer).slice('sha256:'.length));
  for (let tries = 0; tries < 1000; tries++) {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= Math.max(1, bytes)) return;
    await sleep(20);
  }
  assert.fail(`the cache did not fetch ${bytes} bytes`);
}
