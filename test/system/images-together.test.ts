// Pulls, pushes, saves, removals and prunes of the same images at the same time: what is in use stays, what ends is whole.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isKind } from '#shared/errors.ts';
import {
  archiveOf,
  digestOf,
  type ImageHost,
  makeImage,
  openHost,
  scratch,
  startRegistry,
} from './images-fixture.ts';
import { serve } from './images-liar.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const quick = { retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 }, idleTimeoutMs: 5_000 };
let hosts = 0;
const newHost = (): Promise<ImageHost> => openHost(join(place.dir, `h${hosts++}`), quick);

const image = await makeImage([
  { files: { a: 'one' } },
  { files: { big: 'x'.repeat(3_000_000) }, as: 'plain' },
  { files: { c: 'three' } },
]);
const id = digestOf(image.config);
const big = image.layers[1]?.bytes ?? Buffer.alloc(0);

async function untilTrue(is: () => boolean): Promise<void> {
  for (let tries = 0; !is(); tries++) {
    assert.ok(tries < 2_000, 'it did not come to pass within 20 s');
    await sleep(10);
  }
}

test('two pulls of one image under two names: the one that is cancelled takes nothing from the other', async () => {
  let held: Writable | undefined;
  await using liar = await serve(
    image,
    (request, response, bytes) => {
      if (bytes.length !== big.length || held !== undefined || request.headers.range !== undefined)
        return false;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1_000_000));
      held = response;
      return true;
    },
    { other: image.manifest },
  );
  await using host = await newHost();
  const stop = new AbortController();
  const one = host.images.pull({ reference: `${liar.host}/x`, signal: stop.signal });
  const cancelled = assert.rejects(one, (thrown) => isKind(thrown, 'cancelled'));
  await untilTrue(() => held !== undefined);
  const lines: string[] = [];
  const two = host.images.pull({
    reference: `${liar.host}/x:other`,
    onProgress: ({ status }) => lines.push(String(status)),
  });
  await untilTrue(() => lines.includes('Pulling fs layer'));
  stop.abort();
  await cancelled;
  assert.equal((await two).id, id);
  assert.deepEqual(host.images.resolve(id).tags, [`${liar.host}/x:other`]);
  assert.equal(host.snapshots.layers().length, 3);
  await host.images.remove(id, { force: true });
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
});

test('pulls while the image is removed again and again: each pull ends with the image, or the image whole gone', async () => {
  await using liar = await serve(image, () => false);
  await using host = await newHost();
  const reference = `${liar.host}/x`;
  let isOver = false;
  const removing = (async () => {
    while (!isOver) {
      await host.images.remove(reference, { force: true }).catch((thrown) => {
        if (!isKind(thrown, 'not-found', 'conflict')) throw thrown;
      });
      await host.images.prune(new Map([['dangling', ['false']]]));
      await sleep(1);
    }
  })();
  try {
    for (let turn = 0; turn < 25; turn++) assert.equal((await host.images.pull({ reference })).id, id);
  } finally {
    isOver = true;
    await removing;
  }
  await host.images.pull({ reference });
  const { chainId, layers } = host.images.resolve(reference);
  assert.equal(host.snapshots.lowersOf(chainId).length, 3);
  for (const { digest } of layers) assert.ok(digest !== undefined && host.content.has(digest), digest);
  await host.images.remove(reference);
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
});

/** Reads a little of the archive, does the work, then reads the rest. */
async function halfway(archive: Readable, work: () => Promise<unknown>): Promise<Buffer> {
  const whole = new PassThrough();
  const chunks = archive[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next();
  whole.write(first.value);
  await work();
  const read = buffer(whole);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) whole.write(next.value);
  whole.end();
  return await read;
}

test('an image that is removed while it is saved is saved whole, and goes then', async () => {
  await using host = await newHost();
  const many = await makeImage(
    Array.from({ length: 8 }, (_, at) => ({
      files: { [`f${at}`]: `${at}`.repeat(2_000_000) },
      as: 'plain' as const,
    })),
  );
  await host.images.load(Readable.from([await archiveOf(many, 'saved:1')]));
  const bytes = await halfway(host.images.save(['saved:1']), () => host.images.remove('saved:1'));
  await using other = await newHost();
  await other.images.load(Readable.from([bytes]));
  assert.equal(other.images.resolve('saved:1').id, digestOf(many.config));
  await untilTrue(() => host.content.list().length === 0);
  assert.deepEqual(host.snapshots.layers(), []);
});

test('an image that is removed while it is pushed arrives whole, and goes then', async () => {
  await using registry = await startRegistry(join(place.dir, 'registry'));
  await using host = await newHost();
  const reference = `${registry.host}/pushed/app:1`;
  const many = await makeImage(
    Array.from({ length: 12 }, (_, at) => ({
      files: { [`f${at}`]: `${at}`.repeat(400_000) },
      as: 'plain' as const,
    })),
  );
  await host.images.load(Readable.from([await archiveOf(many, reference)]));
  let removed: Promise<unknown> | undefined;
  await host.images.push({
    reference,
    onProgress: ({ status }) => {
      if (status === 'Preparing') removed ??= host.images.remove(reference);
    },
  });
  await removed;
  assert.throws(() => host.images.resolve(reference), /No such image/);
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
  await using other = await newHost();
  assert.equal((await other.images.pull({ reference })).id, digestOf(many.config));
});

test('a prune takes nothing from a pull that is under way', async () => {
  let held: Writable | undefined;
  await using liar = await serve(image, (_, response, bytes) => {
    if (bytes.length !== big.length || held !== undefined) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1_000_000));
    held = response;
    return true;
  });
  await using host = await newHost();
  const lines: string[] = [];
  const pulling = host.images.pull({
    reference: `${liar.host}/x`,
    onProgress: ({ status }) => lines.push(String(status)),
  });
  await untilTrue(() => lines.includes('Pull complete') && held !== undefined);
  await host.images.prune(new Map([['dangling', ['false']]]));
  await host.images.pruneToBudget(0);
  held?.end(big.subarray(1_000_000));
  assert.equal((await pulling).id, id);
  assert.equal(host.snapshots.layers().length, 3);
});

test('a digest with a tag: the digest counts, and the tag is not taken', async () => {
  await using liar = await serve(image, () => false);
  await using host = await newHost();
  const digest = digestOf(image.manifest);
  const pulled = await host.images.pull({ reference: `${liar.host}/x:nowhere@${digest}` });
  assert.deepEqual([pulled.tags, pulled.repoDigests], [[], [`${liar.host}/x@${digest}`]]);
  assert.equal(host.images.resolve(`${liar.host}/x:nowhere@${digest}`).id, id);
  await host.images.remove(`${liar.host}/x:nowhere@${digest}`);
  assert.deepEqual(host.images.list(), []);
});
