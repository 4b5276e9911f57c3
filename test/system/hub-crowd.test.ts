// A crowd and a full disk: 200 slow pulls in flat memory, and a Hub that runs out of space keeps what it has.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, digestOf, makeImage, pushBlob, pushImage, scratch, serveIn, spawnHub } from './hub-fixture.ts';

const peakMiB = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Pulls, but reads nothing for a while; resolves to the digest of what came. */
function pullSlowly(url: string, waitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, async (response) => {
      try {
        await sleep(waitMs);
        const hash = createHash('sha256');
        for await (const chunk of response) hash.update(chunk);
        resolve(`sha256:${hash.digest('hex')}`);
      } catch (thrown) {
        reject(thrown);
      }
    }).on('error', reject);
  });
}

test('200 slow pulls at once take little memory, and every one is whole', async () => {
  using place = scratch();
  const hub = await spawnHub(place.dir);
  try {
    const layer = randomBytes(4_000_000);
    await pushBlob(hub.url, 'a', layer);
    const url = `${hub.url}/v2/a/blobs/${digestOf(layer)}`;
    const crowd = async (): Promise<number> => {
      const before = peakMiB(hub.child.pid ?? 0);
      const pulls = Array.from({ length: 200 }, (_, index) => pullSlowly(url, 300 + (index % 10) * 50));
      // While they wait, somebody else is served.
      assert.equal((await call(hub.url, '/v2/')).status, 200);
      assert.deepEqual([...new Set(await Promise.all(pulls))], [digestOf(layer)]);
      return peakMiB(hub.child.pid ?? 0) - before;
    };
    // Some 50 MiB, most of it for the connections, and next to nothing once those have been there.
    const [first, again] = [await crowd(), await crowd()];
    assert.ok(first < 128, `${first.toFixed(0)} MiB more for 200 pulls of 4 MB`);
    assert.ok(again < 48, `${again.toFixed(0)} MiB more for another 200`);
  } finally {
    await hub.kill();
  }
});

test('clients that stop reading keep nobody else from being served', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const layer = randomBytes(16_000_000);
  await pushBlob(served.url, 'a', layer);
  const path = `/v2/a/blobs/${digestOf(layer)}`;
  const stopped = await Promise.all(
    Array.from({ length: 60 }, () => {
      const asked = get(`${served.url}${path}`, { agent: false });
      // What they leave unread is more than their sockets hold.
      return once(asked, 'response').then(([response]) => ({ asked, response }));
    }),
  );
  for (const { response } of stopped) response.on('error', () => {});
  const others = await Promise.all(Array.from({ length: 4 }, () => call(served.url, path)));
  for (const { body } of others) assert.ok(body.equals(layer));
  for (const { asked } of stopped) asked.destroy();
  assert.ok((await call(served.url, path)).body.equals(layer), 'once they are gone, too');
});

test('clients that go away in the middle of a pull leave nothing behind', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const layer = randomBytes(20_000_000);
  await pushBlob(served.url, 'a', layer);
  const url = `${served.url}/v2/a/blobs/${digestOf(layer)}`;
  const openFiles = () => execFileSync('sh', ['-c', `ls -l /proc/${process.pid}/fd`]).toString();
  for (let round = 0; round < 20; round++) {
    await new Promise<void>((resolve, reject) => {
      const asked = get(url, { agent: false }, (response) => {
        response.once('data', () => {
          asked.destroy();
          resolve();
        });
      });
      asked.on('error', reject);
    });
  }
  for (let tries = 0; tries < 50 && openFiles().includes(digestOf(layer).slice(7)); tries++) await sleep(20);
  assert.ok(!openFiles().includes(digestOf(layer).slice(7)), 'a file of the blob is still open');
  assert.deepEqual((await call(served.url, `/v2/a/blobs/${digestOf(layer)}`)).body, layer);
});

test('a full disk is told as such, nothing is lost, and the retry succeeds once there is room', async () => {
  using place = scratch();
  mkdirSync(join(place.dir, 'hub'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', join(place.dir, 'hub')]);
  try {
    await using served = await serveIn(place.dir);
    const image = makeImage([randomBytes(6_000_000)]);
    assert.equal((await pushImage(served.url, 'a', image)).status, 201);
    const large = makeImage([randomBytes(8_000_000)]);
    const refused = await pushBlob(served.url, 'b', large.layers[0] ?? Buffer.alloc(0));
    assert.equal(refused.status, 507, refused.body.toString());
    assert.match(refused.body.toString(), /no space left on the hub/);
    assert.deepEqual((await call(served.url, '/v2/a/manifests/latest')).body, image.manifest);
    const layer = image.layers[0] ?? Buffer.alloc(0);
    assert.deepEqual((await call(served.url, `/v2/a/blobs/${digestOf(layer)}`)).body, layer);
    const deleted = await call(served.url, `/v2/a/manifests/${image.digest}`, { method: 'DELETE' });
    assert.equal(deleted.status, 202);
    await served.hub.collect({ graceMs: -1, uploadIdleMs: -1 });
    assert.equal((await pushImage(served.url, 'b', large)).status, 201);
    assert.deepEqual((await call(served.url, '/v2/b/manifests/latest')).body, large.manifest);
  } finally {
    execFileSync('umount', [join(place.dir, 'hub')]);
  }
});
