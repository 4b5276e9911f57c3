// Interrupted and crowded: clients and Hubs killed midway, pushes of one tag at once, a collector at work meanwhile.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  call,
  digestOf,
  makeImage,
  pushBlob,
  pushImage,
  putManifest,
  scratch,
  serveIn,
  spawnHub,
} from './hub-fixture.ts';

/** Sends the first bytes of a chunk and stops without closing: what a client on a dead line looks like. */
function sendTorn(
  base: string,
  path: string,
  { bytes, of }: { bytes: Buffer; of: number },
): { tear: () => void } {
  const { hostname, port } = new URL(base);
  const headers = { 'content-length': String(of) };
  const sent = request({ hostname, port, path, method: 'PATCH', headers, agent: false });
  sent.on('error', () => {});
  sent.write(bytes);
  return { tear: () => void sent.destroy() };
}

async function untilOffset(base: string, where: string, offset: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { range } = (await call(base, where)).headers;
    if (range === `0-${offset - 1}`) return;
    await sleep(20);
  }
  assert.fail(`the upload did not come to ${offset} bytes`);
}

async function startUpload(base: string): Promise<string> {
  return (await call(base, '/v2/big/blobs/uploads/', { method: 'POST' })).headers.location ?? '';
}

/** Sends what is left of the bytes, wherever the upload is, and closes it. */
async function resume(base: string, where: string, bytes: Buffer): Promise<number> {
  const from = Number(/-(\d+)$/.exec((await call(base, where)).headers.range ?? '')?.[1]) + 1;
  const headers = { 'content-range': `${from}-${bytes.length - 1}` };
  const patched = await call(base, where, { method: 'PATCH', body: bytes.subarray(from), headers });
  assert.equal(patched.status, 202);
  const closed = await call(base, `${where}?digest=${digestOf(bytes)}`, { method: 'PUT', body: '' });
  assert.equal(closed.status, 201);
  return from;
}

test('a client is killed midway, and goes on where it was', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const bytes = randomBytes(3_000_000);
  const where = await startUpload(served.url);
  const torn = sendTorn(served.url, where, { bytes: bytes.subarray(0, 1_200_000), of: bytes.length });
  await untilOffset(served.url, where, 1_200_000);
  torn.tear();
  assert.equal(await resume(served.url, where, bytes), 1_200_000);
  assert.deepEqual((await call(served.url, `/v2/big/blobs/${digestOf(bytes)}`)).body, bytes);
});

test('a client comes back while its dead connection still looks open', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const bytes = randomBytes(2_000_000);
  const where = await startUpload(served.url);
  const torn = sendTorn(served.url, where, { bytes: bytes.subarray(0, 700_000), of: bytes.length });
  await untilOffset(served.url, where, 700_000);
  assert.equal(await resume(served.url, where, bytes), 700_000);
  torn.tear();
});

test('the hub is killed midway, and the next one goes on', async () => {
  using place = scratch();
  const bytes = randomBytes(5_000_000);
  const image = makeImage([randomBytes(1000)]);
  const first = await spawnHub(place.dir);
  let where = '';
  try {
    assert.equal((await pushImage(first.url, 'kept', image)).status, 201);
    where = await startUpload(first.url);
    sendTorn(first.url, where, { bytes: bytes.subarray(0, 3_500_000), of: bytes.length });
    await untilOffset(first.url, where, 3_500_000);
  } finally {
    await first.kill();
  }
  await using served = await serveIn(place.dir);
  assert.deepEqual((await call(served.url, '/v2/kept/manifests/latest')).body, image.manifest);
  const from = await resume(served.url, where, bytes);
  assert.ok(from >= 2_000_000 && from <= 3_500_000, `went on at ${from}`);
  assert.deepEqual((await call(served.url, `/v2/big/blobs/${digestOf(bytes)}`)).body, bytes);
});

test('a hub killed again and again during pushes never serves anything wrong', async () => {
  using place = scratch();
  const images = Array.from({ length: 12 }, () => makeImage([randomBytes(400_000)]));
  for (let round = 0; round < 3; round++) {
    const hub = await spawnHub(place.dir);
    const pushes = images.map((image, index) =>
      pushImage(hub.url, `r${index}`, image).catch(() => undefined),
    );
    await sleep(30 + round * 40);
    await hub.kill();
    await Promise.all(pushes);
  }
  await using served = await serveIn(place.dir);
  for (const name of served.hub.repositories.names()) {
    const manifest = await call(served.url, `/v2/${name}/manifests/latest`);
    const image = images[Number(name.slice(1))];
    assert.deepEqual(manifest.body, image?.manifest);
    for (const layer of image?.layers ?? []) {
      assert.deepEqual((await call(served.url, `/v2/${name}/blobs/${digestOf(layer)}`)).body, layer);
    }
  }
  for (const [index, image] of images.entries()) {
    assert.equal((await pushImage(served.url, `r${index}`, image)).status, 201, 'the retry succeeds');
  }
});

test('a hub killed during pulls: what came is right, nothing torn looks whole, and the retry succeeds', async () => {
  using place = scratch();
  const layer = randomBytes(24_000_000);
  const path = `/v2/kept/blobs/${digestOf(layer)}`;
  for (let round = 0; round < 3; round++) {
    const hub = await spawnHub(place.dir);
    try {
      await pushBlob(hub.url, 'kept', layer);
      const pulls = Array.from({ length: 4 }, () => pullTorn(`${hub.url}${path}`, Math.random() * 8_000_000));
      const resumes = await Promise.all(pulls.map(({ halfway }) => halfway));
      await hub.kill();
      for (const resume of resumes) resume();
      for (const part of await Promise.all(pulls.map(({ torn }) => torn))) {
        assert.ok(part.length < layer.length && part.equals(layer.subarray(0, part.length)));
      }
    } finally {
      await hub.kill();
    }
  }
  await using served = await serveIn(place.dir);
  assert.deepEqual((await call(served.url, path)).body, layer);
});

/** Reads so many bytes, and no more until it is resumed; `torn` has all that came before the connection broke. */
function pullTorn(url: string, enough: number): { halfway: Promise<() => void>; torn: Promise<Buffer> } {
  const halfway = Promise.withResolvers<() => void>();
  const torn = new Promise<Buffer>((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      let isHalfway = false;
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes < enough || isHalfway) return;
        isHalfway = true;
        // What is still to come is more than sockets hold.
        response.pause();
        halfway.resolve(() => response.resume());
      });
      response.once('end', () => reject(new Error('the answer ended as if it were whole')));
      response.once('error', () => resolve(Buffer.concat(pieces)));
    }).once('error', reject);
  });
  torn.catch(halfway.reject);
  return { halfway: halfway.promise, torn };
}

test('pushes of one tag at once leave one of them, whole', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const shared = randomBytes(200_000);
  const images = Array.from({ length: 10 }, () => makeImage([shared, randomBytes(2000)]));
  const replies = await Promise.all(images.map((image) => pushImage(served.url, 'hot', image)));
  assert.ok(replies.every(({ status }) => status === 201));
  const { headers, body } = await call(served.url, '/v2/hot/manifests/latest');
  const winner = images.find(({ digest }) => digest === headers['docker-content-digest']);
  assert.deepEqual(body, winner?.manifest);
  for (const image of images) {
    assert.equal((await call(served.url, `/v2/hot/manifests/${image.digest}`)).status, 200);
  }
});

test('garbage goes after its grace time, while pushes go on', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const kept = makeImage([randomBytes(10_000)]);
  const old = makeImage([randomBytes(20_000)]);
  await pushImage(served.url, 'a', kept);
  await pushImage(served.url, 'a', { ...old, reference: 'old' });
  const lone = randomBytes(5000);
  await pushBlob(served.url, 'lonely', lone);
  const young = await served.hub.collect({ graceMs: 60_000 });
  assert.deepEqual([young.blobs, young.manifests], [0, 0]);
  await call(served.url, `/v2/a/manifests/${old.digest}`, { method: 'DELETE' });
  let going = true;
  const pushes = (async () => {
    for (let n = 0; going; n++) {
      assert.equal((await pushImage(served.url, `live${n % 3}`, makeImage([randomBytes(3000)]))).status, 201);
    }
  })();
  // Grace of some seconds less than the age of the old: what is pushed meanwhile is younger.
  await sleep(1200);
  const done = await served.hub.collect({ graceMs: 1000 });
  going = false;
  await pushes;
  assert.ok(done.blobs >= 4, `${done.blobs} blobs`);
  const left = readdirSync(join(place.dir, 'hub/content/blobs/sha256'));
  for (const gone of [lone, old.manifest, old.config, ...old.layers]) {
    assert.ok(!left.includes(digestOf(gone).slice(7)));
  }
  for (const name of served.hub.repositories.names()) {
    const { body } = await call(served.url, `/v2/${name}/manifests/latest`);
    for (const { digest } of JSON.parse(body.toString()).layers) {
      assert.equal((await call(served.url, `/v2/${name}/blobs/${digest}`, { method: 'HEAD' })).status, 200);
    }
  }
});

test('manifests without a tag go where that is wanted, but not those an index or a subject needs', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const first = makeImage([randomBytes(100)]);
  const second = makeImage([randomBytes(100)]);
  await pushImage(served.url, 'a', first);
  await pushImage(served.url, 'a', second);
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: second.digest, size: 1 };
  const signature = makeImage([], { subject, artifactType: 'application/x-signature' });
  await pushBlob(served.url, 'a', signature.config);
  await putManifest(served.url, { repository: 'a', reference: signature.digest }, signature.manifest);
  const done = await served.hub.collect({ graceMs: -1, untagged: true });
  assert.equal(done.manifests, 1);
  assert.equal((await call(served.url, `/v2/a/manifests/${first.digest}`)).status, 404);
  assert.equal((await call(served.url, `/v2/a/manifests/${signature.digest}`)).status, 200);
});

test('skopeo is killed at any moment of pushes and pulls; what is served is right, and the retry succeeds', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const image = makeImage([randomBytes(6_000_000), randomBytes(2_000_000)]);
  const source = await spawnHub(join(place.dir, 'source'));
  try {
    await pushImage(source.url, 'app', image);
    const from = `docker://${new URL(source.url).host}/app:latest`;
    const to = `docker://${new URL(served.url).host}/app:latest`;
    const loose = ['--src-tls-verify=false', '--dest-tls-verify=false', '--preserve-digests'];
    const plain = ['--insecure-policy', 'copy', '--quiet', ...loose];
    const copy = async (args: string[], killAfterMs?: number): Promise<number | null> => {
      const child = spawn('skopeo', [...plain, ...args], { stdio: 'ignore' });
      const timer =
        killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      const [code] = await once(child, 'close');
      clearTimeout(timer);
      return code;
    };
    // Evenly over what a whole copy takes here: from its first connection to its last request.
    const wholeMs = await tookMs(() => copy([from, `dir:${join(place.dir, 'first')}`]));
    const moments = [0.2, 0.4, 0.6, 0.8, 0.95].map((part) => part * wholeMs);
    for (const moment of moments) {
      await copy([from, to], moment);
      const { status, body } = await call(served.url, '/v2/app/manifests/latest');
      if (status === 200) assert.deepEqual(body, image.manifest);
      else assert.equal(status, 404);
    }
    assert.equal(await copy([from, to]), 0, 'the retry succeeds');
    const back = join(place.dir, 'back');
    for (const moment of moments) await copy([to, `dir:${back}`], moment);
    assert.equal(await copy([to, `dir:${back}`]), 0);
    for (const layer of image.layers) {
      assert.deepEqual(readFileSync(join(back, digestOf(layer).slice(7))), layer);
      assert.deepEqual((await call(served.url, `/v2/app/blobs/${digestOf(layer)}`)).body, layer);
    }
  } finally {
    await source.kill();
  }
});

async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
