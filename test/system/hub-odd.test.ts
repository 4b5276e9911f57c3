// A Hub under odd and unlucky use: the same blob from many at once, quotas that are raced for, names at their limits, torn chunks.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServedHub } from '../../src/hub/serve.ts';
import { call, digestOf, makeImage, pushBlob, pushImage, scratch, serveIn } from './hub-fixture.ts';

const place = scratch();
let served: ServedHub;
let url: string;

before(async () => {
  served = await serveIn(place.dir, { quotaBytes: 50_000_000 });
  url = served.url;
});

after(async () => {
  await served?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const started = async (repository: string): Promise<string> =>
  (await call(url, `/v2/${repository}/blobs/uploads/`, { method: 'POST' })).headers.location ?? '';

test('one blob from many at once is stored once and counted once', async () => {
  const before = served.hub.quota.usedBytes;
  const bytes = randomBytes(3_000_000);
  const places = await Promise.all(Array.from({ length: 8 }, (_, at) => started(`many/r${at}`)));
  await Promise.all(places.map((where) => call(url, where, { method: 'PATCH', body: bytes })));
  const ends = await Promise.all(
    places.map((where) => call(url, `${where}?digest=${digestOf(bytes)}`, { method: 'PUT' })),
  );
  assert.deepEqual(new Set(ends.map(({ status }) => status)), new Set([201]));
  for (let at = 0; at < 8; at++)
    assert.deepEqual((await call(url, `/v2/many/r${at}/blobs/${digestOf(bytes)}`)).body, bytes);
  assert.equal(served.hub.quota.usedBytes - before, bytes.length);
  assert.deepEqual(readdirSync(join(place.dir, 'hub/uploads')), []);
});

test('those who race for the last room of a repository do not all get it', async () => {
  writeFileSync(join(place.dir, 'hub/quotas.json'), '{"raced": "100000"}');
  const blobs = Array.from({ length: 6 }, () => randomBytes(60_000));
  const places = await Promise.all(blobs.map(() => started('raced')));
  await Promise.all(places.map((where, at) => call(url, where, { method: 'PATCH', body: blobs[at] ?? '' })));
  const ends = await Promise.all(
    places.map((where, at) =>
      call(url, `${where}?digest=${digestOf(blobs[at] ?? Buffer.alloc(0))}`, { method: 'PUT' }),
    ),
  );
  assert.deepEqual(ends.map(({ status }) => status).sort(), [201, 403, 403, 403, 403, 403]);
});

test('names at their limits are pushed, listed and pulled', async () => {
  const image = makeImage([randomBytes(100)]);
  const reference = 't'.repeat(128);
  const long = `${'n'.repeat(127)}/${'m'.repeat(127)}`;
  for (const repository of ['n'.repeat(255), long, 'a/'.repeat(127) + 'b', 'a__b.c-d---e/0']) {
    assert.equal((await pushImage(url, repository, { ...image, reference })).status, 201, repository);
    assert.deepEqual((await call(url, `/v2/${repository}/manifests/${reference}`)).body, image.manifest);
    const tags = JSON.parse((await call(url, `/v2/${repository}/tags/list`)).body.toString());
    assert.deepEqual(tags, { name: repository, tags: [reference] });
  }
  assert.equal((await call(url, `/v2/${'n'.repeat(256)}/tags/list`)).code, 'NAME_INVALID');
  assert.equal((await call(url, `/v2/${long}/manifests/${'t'.repeat(129)}`)).code, 'TAG_INVALID');
  assert.equal((await call(url, `/v2/${encodeURIComponent('bücher')}/tags/list`)).code, 'NAME_INVALID');
});

/** Sends text and bytes on a bare connection; gives what came back until it is closed, or nothing more came. */
async function raw(parts: (string | Buffer)[], { end }: { end: boolean }): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  for (const part of parts) socket.write(part);
  const text = () => Buffer.concat(chunks).toString('latin1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  if (end) {
    await new Promise((resolve) => socket.write('', resolve));
    await sleep(100);
    socket.destroy();
  } else {
    for (let tries = 0; tries < 300 && !/\r\n\r\n/.test(text()); tries++) await sleep(20);
    socket.end();
  }
  await closed;
  return text();
}

const offsetOf = async (where: string): Promise<string> => String((await call(url, where)).headers.range);

test('a chunk that tears is kept as far as it came, however its length was told', async () => {
  const bytes = randomBytes(200_000);
  for (const head of ['content-length: 200000\r\n\r\n', 'transfer-encoding: chunked\r\n\r\n30d40\r\n']) {
    const where = await started('torn');
    await raw([`PATCH ${where} HTTP/1.1\r\nhost: x\r\n${head}`, bytes.subarray(0, 120_000)], { end: true });
    for (let tries = 0; (await offsetOf(where)) !== '0-119999'; tries++) {
      assert.ok(tries < 500, await offsetOf(where));
      await sleep(20);
    }
    const rest = {
      method: 'PUT',
      body: bytes.subarray(120_000),
      headers: { 'content-range': '120000-199999' },
    };
    assert.equal((await call(url, `${where}?digest=${digestOf(bytes)}`, rest)).status, 201);
    assert.deepEqual((await call(url, `/v2/torn/blobs/${digestOf(bytes)}`)).body, bytes);
  }
});

test('requests that two readers could read in two ways are refused', async () => {
  const where = await started('smuggled');
  const twice = `PATCH ${where} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 30\r\n\r\nabc`;
  const both = `PATCH ${where} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
  const negative = `PATCH ${where} HTTP/1.1\r\nhost: x\r\ncontent-length: -3\r\n\r\nabc`;
  for (const text of [twice, both, negative, 'NONSENSE\r\n\r\n', `GET /v2/ HTTP/1.1\r\n\r\n`])
    assert.match(await raw([text], { end: false }), /^HTTP\/1\.1 400 /, text);
  assert.equal(await offsetOf(where), '0-0');
  assert.equal((await call(url, '/v2/')).status, 200);
});

test('two chunks at once for one place: the upload has one of them, and says how far it is', async () => {
  const bytes = randomBytes(400_000);
  const where = await started('twice');
  const chunk = {
    method: 'PATCH',
    body: bytes.subarray(0, 300_000),
    headers: { 'content-range': '0-299999' },
  };
  const both = await Promise.all(
    [call(url, where, chunk), call(url, where, chunk)].map((one) => one.catch(() => undefined)),
  );
  assert.ok(
    both.some((one) => one?.status === 202 || one?.status === 416),
    'at least one is answered',
  );
  const [, end = '0'] = (await offsetOf(where)).split('-');
  const from = end === '0' ? 0 : Number(end) + 1;
  const rest = {
    method: 'PUT',
    body: bytes.subarray(from),
    headers: { 'content-range': `${from}-${bytes.length - 1}` },
  };
  assert.equal((await call(url, `${where}?digest=${digestOf(bytes)}`, rest)).status, 201);
  assert.deepEqual((await call(url, `/v2/twice/blobs/${digestOf(bytes)}`)).body, bytes);
});

test('a blob that is deleted while it is read comes whole', async () => {
  const bytes = randomBytes(8_000_000);
  await pushBlob(url, 'reading', bytes);
  const answer = await fetch(`${url}/v2/reading/blobs/${digestOf(bytes)}`);
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  await call(url, `/v2/reading/blobs/${digestOf(bytes)}`, { method: 'DELETE' });
  await served.hub.collect({ graceMs: -1 });
  const parts = [Buffer.from(first?.value ?? [])];
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
    parts.push(Buffer.from(next.value));
  assert.deepEqual(Buffer.concat(parts), bytes);
  assert.equal((await call(url, `/v2/reading/blobs/${digestOf(bytes)}`)).code, 'BLOB_UNKNOWN');
});
