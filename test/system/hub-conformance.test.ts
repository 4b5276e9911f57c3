// The OCI distribution specification 1.1, section by section, against a Hub on loopback.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
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

const repository = 'team/app';
const layer = randomBytes(300_000);
const image = makeImage([layer]);

describe('Determining Support', () => {
  test('end-1: GET /v2/ answers 200', async () => {
    const reply = await call(url, '/v2/');
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['docker-distribution-api-version'], 'registry/2.0');
  });
});

describe('Push', () => {
  test('end-4a, end-6: Pushing a blob monolithically, POST then PUT', async () => {
    const reply = await pushBlob(url, repository, layer);
    assert.equal(reply.status, 201);
    assert.equal(reply.headers['docker-content-digest'], digestOf(layer));
    assert.equal(reply.headers.location, `/v2/${repository}/blobs/${digestOf(layer)}`);
  });

  test('end-4b: Pushing a blob monolithically, single POST', async () => {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(image.config)}`;
    const reply = await call(url, path, { method: 'POST', body: image.config });
    assert.equal(reply.status, 201);
    assert.equal((await call(url, reply.headers.location ?? '')).body.toString(), image.config.toString());
  });

  test('end-5, end-6, end-13: Pushing a blob in chunks: in order, asked for, closed by PUT', async () => {
    const bytes = randomBytes(1000);
    const started = await call(url, '/v2/chunked/blobs/uploads/', { method: 'POST' });
    assert.equal(started.status, 202);
    const where = started.headers.location ?? '';
    const chunk = (from: number, to: number) => ({
      method: 'PATCH',
      body: bytes.subarray(from, to),
      headers: { 'content-range': `${from}-${to - 1}`, 'content-type': 'application/octet-stream' },
    });
    const early = await call(url, where, chunk(400, 600));
    assert.equal(early.status, 416, 'a first chunk that is not the first');
    const first = await call(url, where, chunk(0, 400));
    assert.equal(first.status, 202);
    assert.equal(first.headers.range, '0-399');
    const again = await call(url, where, chunk(0, 400));
    assert.equal(again.status, 416);
    assert.equal(again.headers.range, '0-399');
    assert.equal(again.headers.location, where);
    const asked = await call(url, where);
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.range, '0-399');
    assert.equal((await call(url, where, chunk(400, 900))).headers.range, '0-899');
    const closed = await call(url, `${where}?digest=${digestOf(bytes)}`, {
      ...chunk(900, 1000),
      method: 'PUT',
    });
    assert.equal(closed.status, 201);
    assert.deepEqual((await call(url, closed.headers.location ?? '')).body, bytes);
    assert.equal((await call(url, where)).code, 'BLOB_UPLOAD_UNKNOWN');
  });

  test('end-5: a stream without Content-Range, as docker sends it', async () => {
    const started = await call(url, '/v2/streamed/blobs/uploads/', { method: 'POST' });
    const where = started.headers.location ?? '';
    const sent = await fetch(new URL(where, url), {
      method: 'PATCH',
      body: new Blob([layer]).stream(),
      duplex: 'half',
    } as RequestInit);
    assert.equal(sent.status, 202);
    assert.equal(sent.headers.get('range'), `0-${layer.length - 1}`);
    const closed = await call(url, `${where}?digest=${digestOf(layer)}`, { method: 'PUT', body: '' });
    assert.equal(closed.status, 201);
  });

  test('an upload is given up with DELETE', async () => {
    const started = await call(url, '/v2/chunked/blobs/uploads/', { method: 'POST' });
    const where = started.headers.location ?? '';
    assert.equal((await call(url, where, { method: 'DELETE' })).status, 204);
    assert.equal((await call(url, where, { method: 'PATCH', body: 'x' })).code, 'BLOB_UPLOAD_UNKNOWN');
  });

  test('end-11: Mounting a blob from another repository', async () => {
    const query = `mount=${digestOf(layer)}&from=${repository}`;
    const mounted = await call(url, `/v2/other/app/blobs/uploads/?${query}`, { method: 'POST' });
    assert.equal(mounted.status, 201);
    assert.equal(mounted.headers.location, `/v2/other/app/blobs/${digestOf(layer)}`);
    assert.equal((await call(url, mounted.headers.location ?? '', { method: 'HEAD' })).status, 200);
    const missing = `mount=${digestOf(Buffer.from('none'))}&from=${repository}`;
    const refused = await call(url, `/v2/other/app/blobs/uploads/?${missing}`, { method: 'POST' });
    assert.equal(refused.status, 202);
    assert.match(refused.headers.location ?? '', /^\/v2\/other\/app\/blobs\/uploads\//);
  });

  test('end-11: Mounting a blob without saying where it is', async () => {
    const path = (digest: string) => `/v2/third/app/blobs/uploads/?mount=${digest}`;
    // What lies in a repository without a manifest is found, too: `other/app` has but that blob.
    const mounted = await call(url, path(digestOf(layer)), { method: 'POST' });
    assert.equal(mounted.status, 201);
    assert.equal((await call(url, `/v2/third/app/blobs/${digestOf(layer)}`)).body.length, layer.length);
    assert.equal((await call(url, path(digestOf(Buffer.from('none'))), { method: 'POST' })).status, 202);
  });

  test('end-7: Pushing Manifests by tag and by digest', async () => {
    const reply = await putManifest(url, { repository, reference: 'v1' }, image.manifest);
    assert.equal(reply.status, 201);
    assert.equal(reply.headers['docker-content-digest'], image.digest);
    assert.equal(
      (await putManifest(url, { repository, reference: image.digest }, image.manifest)).status,
      201,
    );
  });

  test('end-7: Pushing Manifests with Subject: OCI-Subject names it, even before it is here', async () => {
    const subject = { mediaType: ociManifest, digest: digestOf(Buffer.from('not yet')), size: 7 };
    const referrer = makeImage([], { subject, artifactType: 'application/x-early' });
    await pushBlob(url, repository, referrer.config);
    const reply = await putManifest(url, { repository, reference: referrer.digest }, referrer.manifest);
    assert.equal(reply.status, 201);
    assert.equal(reply.headers['oci-subject'], subject.digest);
  });
});

describe('Pull', () => {
  test('end-3: Pulling manifests: GET and HEAD by tag and digest, as they were pushed', async () => {
    for (const reference of ['v1', image.digest]) {
      const reply = await call(url, `/v2/${repository}/manifests/${reference}`);
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.body, image.manifest);
      assert.equal(reply.headers['content-type'], ociManifest);
      assert.equal(reply.headers['docker-content-digest'], image.digest);
      const head = await call(url, `/v2/${repository}/manifests/${reference}`, { method: 'HEAD' });
      assert.equal(head.headers['content-length'], String(image.manifest.length));
      assert.equal(head.body.length, 0);
    }
    assert.equal((await call(url, `/v2/${repository}/manifests/none`)).code, 'MANIFEST_UNKNOWN');
    assert.equal((await call(url, '/v2/nobody/manifests/none')).code, 'NAME_UNKNOWN');
  });

  test('end-2: Pulling blobs: GET, HEAD, ranges', async () => {
    const path = `/v2/${repository}/blobs/${digestOf(layer)}`;
    const whole = await call(url, path);
    assert.deepEqual(whole.body, layer);
    assert.equal(whole.headers['docker-content-digest'], digestOf(layer));
    const head = await call(url, path, { method: 'HEAD' });
    assert.equal(head.headers['content-length'], String(layer.length));
    const part = await call(url, path, { headers: { range: 'bytes=100000-' } });
    assert.equal(part.status, 206);
    assert.equal(part.headers['content-range'], `bytes 100000-${layer.length - 1}/${layer.length}`);
    assert.deepEqual(part.body, layer.subarray(100_000));
    const beyond = await call(url, path, { headers: { range: `bytes=${layer.length}-` } });
    assert.equal(beyond.status, 416);
    assert.equal(
      (await call(url, path, { headers: { 'if-none-match': `"${digestOf(layer)}"` } })).status,
      304,
    );
    assert.equal(
      (await call(url, `/v2/${repository}/blobs/${digestOf(Buffer.from('x'))}`)).code,
      'BLOB_UNKNOWN',
    );
    // Another repository's blob is not given out.
    assert.equal((await call(url, `/v2/stranger/blobs/${digestOf(layer)}`)).code, 'BLOB_UNKNOWN');
  });
});

describe('Content Discovery', () => {
  test('end-8a, end-8b: Listing Tags, with n, last and Link', async () => {
    for (const tag of ['b', 'A', 'c', '0'])
      await putManifest(url, { repository, reference: tag }, image.manifest);
    const tags = async (path: string) => {
      const reply = await call(url, path);
      return { names: JSON.parse(reply.body.toString()).tags, link: reply.headers.link };
    };
    const path = `/v2/${repository}/tags/list`;
    assert.deepEqual(await tags(path), { names: ['0', 'A', 'b', 'c', 'v1'], link: undefined });
    const first = await tags(`${path}?n=2`);
    assert.deepEqual(first.names, ['0', 'A']);
    assert.equal(first.link, `<${path}?n=2&last=A>; rel="next"`);
    assert.deepEqual((await tags(`${path}?n=2&last=A`)).names, ['b', 'c']);
    assert.deepEqual(await tags(`${path}?n=2&last=c`), { names: ['v1'], link: undefined });
    assert.deepEqual((await tags(`${path}?n=0`)).names, []);
    assert.equal((await call(url, '/v2/nobody/tags/list')).code, 'NAME_UNKNOWN');
  });

  test('end-12a, end-12b: Listing Referrers, with artifactType', async () => {
    const subject = { mediaType: ociManifest, digest: image.digest, size: image.manifest.length };
    for (const artifactType of ['application/x-sbom', 'application/x-signature']) {
      const annotations = { of: artifactType };
      const referrer = makeImage([], { subject, artifactType, annotations });
      await pushBlob(url, repository, referrer.config);
      await putManifest(url, { repository, reference: referrer.digest }, referrer.manifest);
    }
    const all = await call(url, `/v2/${repository}/referrers/${image.digest}`);
    assert.equal(all.headers['content-type'], ociIndex);
    assert.equal(JSON.parse(all.body.toString()).manifests.length, 2);
    const some = await call(
      url,
      `/v2/${repository}/referrers/${image.digest}?artifactType=application%2Fx-sbom`,
    );
    const [only, ...others] = JSON.parse(some.body.toString()).manifests;
    assert.deepEqual(
      [only.artifactType, only.annotations, others.length],
      ['application/x-sbom', { of: 'application/x-sbom' }, 0],
    );
    assert.equal(some.headers['oci-filters-applied'], 'artifactType');
    const none = await call(url, `/v2/nobody/referrers/${image.digest}`);
    assert.deepEqual([none.status, JSON.parse(none.body.toString()).manifests], [200, []]);
    assert.equal((await call(url, `/v2/${repository}/referrers/x`)).status, 400);
  });

  test('_catalog, with n and last, and /v1/search', async () => {
    await pushImage(url, 'library/python', makeImage([Buffer.from('python')]));
    const first = await call(url, '/v2/_catalog?n=1');
    assert.deepEqual(JSON.parse(first.body.toString()), { repositories: ['library/python'] });
    assert.equal(first.headers.link, '</v2/_catalog?n=1&last=library%2Fpython>; rel="next"');
    const found = JSON.parse((await call(url, '/v1/search?q=pyth')).body.toString());
    assert.equal(found.num_results, 1);
    assert.equal(found.results[0].name, 'library/python');
  });
});

describe('Content Management', () => {
  test('end-9: Deleting tags: the manifest stays', async () => {
    assert.equal((await call(url, `/v2/${repository}/manifests/A`, { method: 'DELETE' })).status, 202);
    assert.equal((await call(url, `/v2/${repository}/manifests/A`)).code, 'MANIFEST_UNKNOWN');
    assert.equal((await call(url, `/v2/${repository}/manifests/${image.digest}`)).status, 200);
    assert.equal((await call(url, `/v2/${repository}/manifests/A`, { method: 'DELETE' })).status, 404);
  });

  test('end-9: Deleting Manifests: their tags go, too', async () => {
    assert.equal(
      (await call(url, `/v2/${repository}/manifests/${image.digest}`, { method: 'DELETE' })).status,
      202,
    );
    assert.equal((await call(url, `/v2/${repository}/manifests/v1`)).status, 404);
    const tags = JSON.parse((await call(url, `/v2/${repository}/tags/list`)).body.toString()).tags;
    assert.deepEqual(tags, []);
  });

  test('end-10: Deleting Blobs: here, not in other repositories', async () => {
    const path = `/v2/${repository}/blobs/${digestOf(layer)}`;
    assert.equal((await call(url, path, { method: 'DELETE' })).status, 202);
    assert.equal((await call(url, path)).code, 'BLOB_UNKNOWN');
    assert.equal((await call(url, path, { method: 'DELETE' })).status, 404);
    assert.equal((await call(url, `/v2/other/app/blobs/${digestOf(layer)}`)).status, 200);
  });
});

// image-spec 1.1, descriptor.md, "Registered Algorithms".
describe('Digests of sha512', () => {
  const by512 = (bytes: Uint8Array) => `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  const bytes = randomBytes(200_000);
  const described = (blob: Buffer, mediaType: string) => ({
    mediaType,
    digest: by512(blob),
    size: blob.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: described(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [described(bytes, 'application/vnd.oci.image.layer.v1.tar')],
    }),
  );
  const name = 'team/long';
  const blob = `/v2/${name}/blobs/${by512(bytes)}`;

  test('a blob is pushed whole, in chunks and by a mount; other bytes are refused', async () => {
    const single = await call(url, `/v2/${name}/blobs/uploads/?digest=${by512(config)}`, {
      method: 'POST',
      body: config,
    });
    assert.deepEqual([single.status, single.headers['docker-content-digest']], [201, by512(config)]);
    const where = (await call(url, `/v2/${name}/blobs/uploads/`, { method: 'POST' })).headers.location ?? '';
    await call(url, where, { method: 'PATCH', body: bytes.subarray(0, 70_000) });
    const wrong = await call(url, `/v2/${name}/blobs/uploads/?digest=${by512(config)}`, {
      method: 'POST',
      body: bytes,
    });
    assert.equal(wrong.code, 'DIGEST_INVALID');
    const last = await call(url, `${where}?digest=${by512(bytes)}`, {
      method: 'PUT',
      body: bytes.subarray(70_000),
    });
    assert.deepEqual([last.status, last.headers.location], [201, blob]);
    const mount = `/v2/third/long/blobs/uploads/?mount=${by512(bytes)}&from=${name}`;
    assert.equal((await call(url, mount, { method: 'POST' })).status, 201);
  });

  test('it is pulled, whole and in part', async () => {
    const whole = await call(url, blob);
    assert.deepEqual([whole.body, whole.headers['docker-content-digest']], [bytes, by512(bytes)]);
    const part = await call(url, blob, { headers: { range: 'bytes=10-19' } });
    assert.deepEqual([part.status, part.body], [206, bytes.subarray(10, 20)]);
  });

  test('a manifest is pushed and pulled by it, and not taken under the digest of other bytes', async () => {
    const digest = by512(manifest);
    const pushed = await putManifest(url, { repository: name, reference: digest }, manifest);
    assert.deepEqual([pushed.status, pushed.headers['docker-content-digest']], [201, digest]);
    const pulled = await call(url, `/v2/${name}/manifests/${digest}`);
    assert.deepEqual(
      [pulled.status, pulled.body, pulled.headers['docker-content-digest']],
      [200, manifest, digest],
    );
    const other = await putManifest(url, { repository: name, reference: by512(bytes) }, manifest);
    assert.equal(other.code, 'DIGEST_INVALID');
  });

  test('its page is shown, a collection leaves what it needs, and takes it when it is deleted', async () => {
    await putManifest(url, { repository: name, reference: 'tagged' }, manifest);
    const page = await call(url, `/r/${name}:tagged`);
    assert.equal(page.status, 200);
    await served.hub.collect({ graceMs: -1, uploadIdleMs: -1 });
    assert.equal((await call(url, blob)).status, 200);
    const digests = [by512(manifest), digestOf(manifest)];
    for (const digest of digests)
      assert.equal((await call(url, `/v2/${name}/manifests/${digest}`, { method: 'DELETE' })).status, 202);
    await served.hub.collect({ graceMs: -1, uploadIdleMs: -1 });
    assert.equal((await call(url, blob)).code, 'BLOB_UNKNOWN');
    assert.deepEqual(readdirSync(join(place.dir, 'hub/content/blobs/sha512')), []);
  });
});

test('every end-point of the specification has a test of its name', async () => {
  // distribution-spec 1.1, spec.md, "Endpoints".
  const ids = ['1', '2', '3', '4a', '4b', '5', '6', '7', '8a', '8b', '9', '10', '11', '12a', '12b', '13'];
  const names = [...readFileSync(import.meta.filename, 'utf8').matchAll(/\btest\('((?:end-\w+(?:, )?)+):/g)];
  const covered = new Set(names.flatMap(([, list = '']) => list.split(', ')));
  assert.deepEqual(
    ids.filter((id) => !covered.has(`end-${id}`)),
    [],
  );
});

describe('Error Codes', () => {
  test('methods that an end-point does not have', async () => {
    const reply = await call(url, `/v2/${repository}/tags/list`, { method: 'DELETE' });
    assert.deepEqual([reply.status, reply.code, reply.headers.allow], [405, 'UNSUPPORTED', 'GET, HEAD']);
  });

  test('an index is pushed after its manifests', async () => {
    const child = makeImage([Buffer.from('child')]);
    const descriptor = { mediaType: ociManifest, digest: child.digest, size: child.manifest.length };
    const index = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [descriptor] }),
    );
    const target = { repository: 'multi', reference: 'latest', type: ociIndex };
    assert.equal((await putManifest(url, target, index)).code, 'MANIFEST_BLOB_UNKNOWN');
    await pushImage(url, 'multi', { ...child, reference: child.digest });
    assert.equal((await putManifest(url, target, index)).status, 201);
    assert.equal((await call(url, '/v2/multi/manifests/latest')).headers['content-type'], ociIndex);
  });
});
