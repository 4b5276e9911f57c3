// What a Hub must refuse: wrong digests and lengths, missing blobs, names that lead elsewhere, huge manifests, too much.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ServedHub } from '../../src/hub/serve.ts';
import {
  call,
  digestOf,
  makeImage,
  ociIndex,
  ociManifest,
  pushBlob,
  pushImage,
  putManifest,
  scratch,
  serveIn,
} from './hub-fixture.ts';

const place = scratch();
let served: ServedHub;
let url: string;

before(async () => {
  served = await serveIn(place.dir);
  url = served.url;
});

after(async () => {
  await served?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const blobs = () => readdirSync(join(place.dir, 'hub/content/blobs/sha256'));
const start = async (repository: string) =>
  (await call(url, `/v2/${repository}/blobs/uploads/`, { method: 'POST' })).headers.location ?? '';

test('a blob with another digest than promised is not kept, and its upload is over', async () => {
  const before = blobs();
  const where = await start('a');
  const wrong = digestOf(Buffer.from('something else'));
  const reply = await call(url, `${where}?digest=${wrong}`, { method: 'PUT', body: 'some bytes' });
  assert.deepEqual([reply.status, reply.code], [400, 'DIGEST_INVALID']);
  assert.equal((await call(url, where)).code, 'BLOB_UPLOAD_UNKNOWN');
  const posted = await call(url, `/v2/a/blobs/uploads/?digest=${wrong}`, {
    method: 'POST',
    body: 'some bytes',
  });
  assert.equal(posted.code, 'DIGEST_INVALID');
  assert.deepEqual(blobs(), before);
  assert.deepEqual(readdirSync(join(place.dir, 'hub/uploads')), []);
});

test('digests that are none', async () => {
  const where = await start('a');
  for (const digest of [
    '',
    'sha256:12',
    'sha256:../../../../etc/passwd',
    `sha512:${'a'.repeat(127)}`,
    `sha512:${'a'.repeat(128)}`,
    'md5:1',
  ]) {
    const path = `${where}?digest=${encodeURIComponent(digest)}`;
    assert.equal((await call(url, path, { method: 'PUT', body: '' })).code, 'DIGEST_INVALID', digest);
  }
  assert.equal((await call(url, where, { method: 'PUT', body: '' })).code, 'DIGEST_INVALID');
});

test('lengths that do not agree', async () => {
  const where = await start('a');
  const headers = { 'content-range': '0-99' };
  const reply = await call(url, where, { method: 'PATCH', body: 'ten bytes!', headers });
  assert.deepEqual([reply.status, reply.code], [400, 'SIZE_INVALID']);
  const odd = { 'content-range': 'all of it' };
  assert.equal((await call(url, where, { method: 'PATCH', body: 'x', headers: odd })).status, 416);
  assert.equal((await call(url, where)).headers.range, '0-0', 'nothing was taken');
});

test('names that lead elsewhere', async () => {
  const paths = [
    '/v2/../../etc/manifests/passwd',
    '/v2/a/../../../b/tags/list',
    '/v2/%2e%2e/%2e%2e/manifests/x',
    '/v2/a%2f..%2f..%2fb/blobs/uploads/',
    '/v2/a%00b/tags/list',
    '/v2/UPPER/tags/list',
    `/v2/${'a'.repeat(300)}/tags/list`,
    '/v2//tags/list',
  ];
  for (const path of paths) {
    const reply = await call(url, path);
    assert.ok([400, 404].includes(reply.status), `${path}: ${reply.status}`);
  }
  const image = makeImage([]);
  for (const tag of ['..', '.', '%2e%2e%2fx', 'a%2fb', 'a b'.replace(' ', '%20'), 'x'.repeat(129)]) {
    const reply = await putManifest(url, { repository: 'a', reference: tag }, image.manifest);
    assert.ok([400, 404].includes(reply.status), `${tag}: ${reply.status}`);
  }
  for (const id of ['..', '%2e%2e%2f%2e%2e%2fhub.db', 'x', '00000000-0000-0000-0000-000000000000']) {
    assert.equal((await call(url, `/v2/a/blobs/uploads/${id}`, { method: 'DELETE' })).status, 404, id);
  }
  assert.equal((await call(url, '/v2/%zz/tags/list')).status, 400);
});

test('an upload belongs to its repository', async () => {
  const where = (await start('mine')).replace('/mine/', '/yours/');
  assert.equal((await call(url, where, { method: 'PATCH', body: 'x' })).code, 'BLOB_UPLOAD_UNKNOWN');
});

test('manifests that refer to what is not here, or lie about it', async () => {
  const image = makeImage([randomBytes(100)]);
  const target = { repository: 'm', reference: 'latest' };
  assert.equal((await putManifest(url, target, image.manifest)).code, 'MANIFEST_BLOB_UNKNOWN');
  await pushImage(url, 'elsewhere', image);
  const still = await putManifest(url, target, image.manifest);
  assert.deepEqual(
    [still.status, still.code],
    [404, 'MANIFEST_BLOB_UNKNOWN'],
    'a blob of another repository',
  );
  for (const blob of [...image.layers, image.config]) await pushBlob(url, 'm', blob);
  const lying = Buffer.from(image.manifest.toString().replace('"size":100', '"size":99'));
  assert.equal((await putManifest(url, target, lying)).code, 'MANIFEST_INVALID');
  const other = await putManifest(url, { repository: 'm', reference: digestOf(lying) }, image.manifest);
  assert.equal(other.code, 'DIGEST_INVALID');
  assert.equal((await call(url, '/v2/m/tags/list')).code, 'NAME_UNKNOWN', 'nothing was remembered');
});

test('manifests that are none', async () => {
  const target = { repository: 'm', reference: 'latest' };
  const bodies = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"schemaVersion":1}',
    '{"schemaVersion":2,"layers":[]}',
    '{"schemaVersion":2,"config":{"digest":"sha256:1","size":1,"mediaType":"x"},"layers":[]}',
    `{"schemaVersion":2,"config":{"digest":"${digestOf(Buffer.from(''))}","size":-1,"mediaType":"x"},"layers":[]}`,
    `{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[]}`,
  ];
  for (const body of bodies) {
    const reply = await putManifest(url, target, Buffer.from(body));
    assert.deepEqual([reply.status, reply.code], [400, 'MANIFEST_INVALID'], body);
  }
  const html = await putManifest(url, { ...target, type: 'text/html' }, makeImage([]).manifest);
  assert.equal(html.code, 'MANIFEST_INVALID');
});

test('a huge manifest is refused before it is read', async () => {
  const target = { repository: 'm', reference: 'latest' };
  const reply = await putManifest(url, target, Buffer.alloc(4 * 1024 * 1024 + 1, ' '));
  assert.deepEqual([reply.status, reply.code], [413, 'SIZE_INVALID']);
  const endless = await fetch(new URL('/v2/m/manifests/latest', url), {
    method: 'PUT',
    body: new Blob([Buffer.alloc(6 * 1024 * 1024)]).stream(),
    headers: { 'content-type': ociManifest },
    duplex: 'half',
  } as RequestInit);
  assert.equal(endless.status, 413);
});

test('over the quota: DENIED with the reason, and room again after a collection', async () => {
  const own = scratch();
  using _ = own;
  await using small = await serveIn(own.dir, { quotaBytes: 100_000 });
  const first = randomBytes(40_000);
  assert.equal((await pushBlob(small.url, 'a', first)).status, 201);
  const over = await pushBlob(small.url, 'a', randomBytes(70_000));
  assert.deepEqual([over.status, over.code], [403, 'DENIED']);
  assert.match(over.body.toString(), /quota exceeded: this hub holds 40kB of the 100kB/);
  const started = await call(small.url, '/v2/a/blobs/uploads/', { method: 'POST' });
  const streamed = await fetch(new URL(started.headers.location ?? '', small.url), {
    method: 'PATCH',
    body: new Blob([randomBytes(70_000)]).stream(),
    duplex: 'half',
  } as RequestInit);
  assert.equal(streamed.status, 403, 'also where no length was told');
  await call(small.url, started.headers.location ?? '', { method: 'DELETE' });
  assert.equal((await pushBlob(small.url, 'b', first)).status, 201, 'the same bytes again');
  assert.equal((await pushBlob(small.url, 'b', randomBytes(50_000))).status, 201, 'they count once');
  for (const repository of ['a', 'b']) {
    await call(small.url, `/v2/${repository}/blobs/${digestOf(first)}`, { method: 'DELETE' });
  }
  assert.equal((await small.hub.collect({ graceMs: -1, uploadIdleMs: -1 })).blobs, 2);
  assert.equal((await pushBlob(small.url, 'a', randomBytes(60_000))).status, 201);
});

test('over the quota of one repository: DENIED there, room in others, room again after a deletion', async () => {
  using own = scratch();
  await using small = await serveIn(own.dir);
  const quotas = join(own.dir, 'hub/quotas.json');
  writeFileSync(quotas, '{"team/*": "100000", "team/big": "1m"}');
  const push = (repository: string, bytes: Buffer) => pushBlob(small.url, repository, bytes);
  const first = randomBytes(60_000);
  assert.equal((await push('team/a', first)).status, 201);
  const over = await push('team/a', randomBytes(60_000));
  assert.deepEqual([over.status, over.code], [403, 'DENIED']);
  assert.match(over.body.toString(), /quota exceeded: team\/a holds 60kB of the 100kB/);
  const streamed = await call(small.url, '/v2/team/a/blobs/uploads/', { method: 'POST' });
  const place = streamed.headers.location ?? '';
  const bytes = randomBytes(60_000);
  const body = new Blob([bytes]).stream();
  await fetch(new URL(place, small.url), { method: 'PATCH', body, duplex: 'half' } as RequestInit);
  const ended = await call(small.url, `${place}?digest=${digestOf(bytes)}`, { method: 'PUT' });
  assert.deepEqual([ended.status, ended.code], [403, 'DENIED'], 'also where no length was told');
  assert.equal((await push('team/big', bytes)).status, 201);
  const mount = `/v2/team/a/blobs/uploads/?mount=${digestOf(bytes)}&from=team/big`;
  assert.equal((await call(small.url, mount, { method: 'POST' })).code, 'DENIED');
  assert.equal((await push('other', randomBytes(200_000))).status, 201);
  await call(small.url, `/v2/team/a/blobs/${digestOf(first)}`, { method: 'DELETE' });
  assert.equal((await call(small.url, mount, { method: 'POST' })).status, 201);
  writeFileSync(quotas, '{"team/*": 5}');
  assert.equal((await push('team/a', first)).status, 400, 'a broken file lets nothing in');
});
