// Real clients against the Hub: skopeo and our own registry client, with and without a login, over TLS, and as a cache.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openRegistry } from '#registry/registry.ts';
import { isKind } from '#shared/errors.ts';
import type { Digest } from '#shared/oci/digest.ts';
import { seedImage } from '../../scripts/hub/seed.ts';
import { addUser } from '../../src/hub/auth/users.ts';
import {
  call,
  digestOf,
  type MadeImage,
  makeImage,
  ociManifest,
  pushImage,
  scratch,
  serveIn,
} from './hub-fixture.ts';

const execute = promisify(execFile);
const skopeo = (...args: string[]) => execute('skopeo', ['--insecure-policy', ...args], { timeout: 60_000 });

/** The image as an OCI layout in a folder. */
function writeLayout(dir: string, image: MadeImage): string {
  const layout = join(dir, 'layout');
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  for (const bytes of [...image.layers, image.config, image.manifest]) {
    writeFileSync(join(layout, 'blobs/sha256', digestOf(bytes).slice(7)), bytes);
  }
  const descriptor = { mediaType: ociManifest, digest: image.digest, size: image.manifest.length };
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return layout;
}

const hostOf = (url: string) => new URL(url).host;

test('skopeo pushes, inspects, lists, copies within, pulls and deletes', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  const image = makeImage([randomBytes(2_000_000), randomBytes(10)]);
  const name = `docker://${hostOf(served.url)}/team/app`;
  await skopeo(
    'copy',
    '--preserve-digests',
    '--dest-tls-verify=false',
    `oci:${writeLayout(place.dir, image)}`,
    `${name}:1`,
  );
  const raw = await skopeo('inspect', '--raw', '--tls-verify=false', `${name}:1`);
  assert.equal(raw.stdout, image.manifest.toString());
  await skopeo(
    'copy',
    '--preserve-digests',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `${name}:1`,
    `${name}-copy:2`,
  );
  assert.equal(
    (await call(served.url, '/v2/team/app-copy/manifests/2')).headers['docker-content-digest'],
    image.digest,
  );
  const tags = await skopeo('list-tags', '--tls-verify=false', name);
  assert.deepEqual(JSON.parse(tags.stdout).Tags, ['1']);
  const back = join(place.dir, 'back');
  await skopeo('copy', '--preserve-digests', '--src-tls-verify=false', `${name}:1`, `dir:${back}`);
  for (const layer of image.layers) {
    assert.deepEqual(readFileSync(join(back, digestOf(layer).slice(7))), layer);
  }
  await skopeo('delete', '--tls-verify=false', `${name}:1`);
  assert.equal((await call(served.url, '/v2/team/app/manifests/1')).code, 'MANIFEST_UNKNOWN');
});

test('skopeo and our client log in, and are told when they may not', async () => {
  using place = scratch();
  const users = join(place.dir, 'users');
  await addUser(users, 'alice', 'right');
  await using served = await serveIn(place.dir, { htpasswd: users });
  const image = makeImage([randomBytes(100_000)]);
  const layout = writeLayout(place.dir, image);
  const name = `docker://${hostOf(served.url)}/team/app:1`;
  const push = (creds: string) =>
    skopeo(
      'copy',
      '--preserve-digests',
      '--dest-tls-verify=false',
      `--dest-creds=${creds}`,
      `oci:${layout}`,
      name,
    );
  await assert.rejects(push('alice:wrong'), /unauthorized|authentication required/i);
  await push('alice:right');
  const read = await skopeo('inspect', '--raw', '--tls-verify=false', '--creds=alice:right', name);
  assert.equal(read.stdout, image.manifest.toString());
  await assert.rejects(
    skopeo('inspect', '--tls-verify=false', '--no-creds', name),
    /unauthorized|authentication/i,
  );

  using client = openRegistry({ retry: { attempts: 1 } });
  const registry = hostOf(served.url);
  await client.login(registry, { auth: { username: 'alice', password: 'right' } });
  await assert.rejects(client.login(registry, { auth: { username: 'alice', password: 'wrong' } }), (thrown) =>
    isKind(thrown, 'unauthorized'),
  );
  const found = await client.manifest(
    { registry, repository: 'team/app', tag: '1' },
    { auth: { username: 'alice', password: 'right' } },
  );
  assert.equal(found.descriptor.digest, image.digest);
});

test('seeding from an OCI layout, and again', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  using client = openRegistry();
  const image = makeImage([randomBytes(50_000)]);
  const seed = {
    registry: hostOf(served.url),
    repository: 'library/app',
    tag: '1',
    layout: writeLayout(place.dir, image),
  };
  await seedImage(client, seed);
  await seedImage(client, seed);
  assert.deepEqual((await call(served.url, '/v2/library/app/manifests/1')).body, image.manifest);
});

/** Takes a blob whole. */
class Sink {
  chunks: Buffer[] = [];
  offset = 0;
  async write(chunk: Buffer): Promise<void> {
    this.chunks.push(chunk);
    this.offset += chunk.length;
  }
}

test('our client pushes, mounts and pulls', async () => {
  using place = scratch();
  await using served = await serveIn(place.dir);
  using client = openRegistry();
  const registry = hostOf(served.url);
  const image = makeImage([randomBytes(3_000_000)]);
  const ref = { registry, repository: 'own/app', tag: '1' };
  for (const bytes of [...image.layers, image.config]) {
    const descriptor = { digest: digestOf(bytes), size: bytes.length };
    assert.equal(await client.hasBlob(ref, descriptor.digest), false);
    await client.uploadBlob(ref, { descriptor, open: (start) => Readable.from([bytes.subarray(start)]) });
    assert.equal(await client.hasBlob(ref, descriptor.digest), true);
  }
  await client.putManifest(ref, { target: '1', mediaType: ociManifest, bytes: image.manifest });
  const resolved = await client.resolve(ref, { os: 'linux', architecture: 'amd64' });
  assert.equal(resolved.digest, image.digest);
  const [layer] = resolved.manifest.layers;
  assert.ok(layer);
  const sink = new Sink();
  await client.blob(ref, layer, { sink });
  assert.deepEqual(Buffer.concat(sink.chunks), image.layers[0]);
  const other = { registry, repository: 'own/other', tag: '1' };
  assert.equal(await client.mountBlob(other, layer.digest, { from: 'own/app' }), true);
  assert.equal(await client.hasBlob(other, layer.digest), true);
});

test('over TLS', async () => {
  using place = scratch();
  const key = join(place.dir, 'key.pem');
  const cert = join(place.dir, 'ca.crt');
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  execFileSync('openssl', [...kind, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  const tls = { cert: readFileSync(cert), key: readFileSync(key) };
  await using served = await serveIn(place.dir, { tls });
  assert.match(served.url, /^https:/);
  const image = makeImage([randomBytes(3_000_000)]);
  const certs = join(place.dir, 'certs');
  mkdirSync(certs);
  writeFileSync(join(certs, 'ca.crt'), tls.cert);
  const name = `docker://${hostOf(served.url)}/a:1`;
  await skopeo(
    'copy',
    '--preserve-digests',
    `--dest-cert-dir=${certs}`,
    `oci:${writeLayout(place.dir, image)}`,
    name,
  );
  const back = join(place.dir, 'back');
  await skopeo('copy', '--preserve-digests', `--src-cert-dir=${certs}`, name, `dir:${back}`);
  assert.ok(readdirSync(back).includes(digestOf(image.layers[0] ?? Buffer.alloc(0)).slice(7)));
});

test('as a cache: many ask, the other registry is asked once; it serves on when that one is gone', async () => {
  using far = scratch();
  using near = scratch();
  const image = makeImage([randomBytes(6_000_000)]);
  const upstream = await serveIn(far.dir);
  const asked: string[] = [];
  try {
    await pushImage(upstream.url, 'library/app', image);
    const send = upstream.hub.content.path.bind(upstream.hub.content);
    upstream.hub.content.path = (digest: Digest) => {
      asked.push(digest);
      return send(digest);
    };
    await using cache = await serveIn(near.dir, { proxy: { upstream: hostOf(upstream.url), tagLifeMs: 0 } });
    const layer = digestOf(image.layers[0] ?? Buffer.alloc(0));
    assert.equal(
      (await call(cache.url, `/v2/library/app/blobs/${layer}`)).status,
      404,
      'no manifest told of it',
    );
    assert.deepEqual((await call(cache.url, '/v2/library/app/manifests/latest')).body, image.manifest);
    asked.length = 0;
    const many = await Promise.all(
      Array.from({ length: 8 }, () => call(cache.url, `/v2/library/app/blobs/${layer}`)),
    );
    for (const { body } of many) assert.deepEqual(body, image.layers[0]);
    assert.equal(
      (await call(cache.url, `/v2/library/app/blobs/${layer}`, { headers: { range: 'bytes=5-9' } })).status,
      206,
    );
    assert.equal(asked.filter((digest) => digest === layer).length <= 3, true, `asked ${asked.length} times`);
    const name = `docker://${hostOf(cache.url)}/library/app:latest`;
    await skopeo(
      'copy',
      '--preserve-digests',
      '--src-tls-verify=false',
      name,
      `dir:${join(near.dir, 'back')}`,
    );
    assert.equal((await call(cache.url, '/v2/a/blobs/uploads/', { method: 'POST' })).code, 'UNSUPPORTED');
    assert.equal((await call(cache.url, '/v2/library/none/manifests/latest')).code, 'MANIFEST_UNKNOWN');
    await upstream[Symbol.asyncDispose]();
    assert.deepEqual((await call(cache.url, '/v2/library/app/manifests/latest')).body, image.manifest);
    assert.equal((await call(cache.url, '/v2/library/app/manifests/other')).status, 503);
  } finally {
    await upstream[Symbol.asyncDispose]();
  }
});

test('as a cache: tags and referrers are those of the other registry, and what is here when that one is gone', async () => {
  using far = scratch();
  using near = scratch();
  const upstream = await serveIn(far.dir);
  try {
    const image = makeImage([randomBytes(1000)]);
    const tags = ['1', '2', '3', 'latest'];
    for (const reference of tags) await pushImage(upstream.url, 'library/app', { ...image, reference });
    const subject = { mediaType: ociManifest, digest: image.digest, size: image.manifest.length };
    const note = makeImage([randomBytes(10)], { subject, artifactType: 'application/x-note' });
    await pushImage(upstream.url, 'library/app', { ...note, reference: 'note' });
    await using cache = await serveIn(near.dir, { proxy: { upstream: hostOf(upstream.url), tagLifeMs: 0 } });
    const listed = async (query = '') => {
      const reply = await call(cache.url, `/v2/library/app/tags/list${query}`);
      return [JSON.parse(reply.body.toString()).tags, reply.headers.link];
    };
    assert.deepEqual(await listed(), [[...tags, 'note'], undefined]);
    const next = '</v2/library/app/tags/list?n=2&last=2>; rel="next"';
    assert.deepEqual(await listed('?n=2'), [['1', '2'], next]);
    assert.deepEqual(await listed('?n=9&last=3'), [['latest', 'note'], undefined]);
    const refers = `/v2/library/app/referrers/${image.digest}?artifactType=application/x-note`;
    const index = JSON.parse((await call(cache.url, refers)).body.toString());
    assert.deepEqual(
      index.manifests.map((one: { digest: string }) => one.digest),
      [note.digest],
    );
    assert.equal((await call(cache.url, '/v2/library/none/tags/list')).code, 'NAME_UNKNOWN');
    await call(cache.url, '/v2/library/app/manifests/2');
    await upstream[Symbol.asyncDispose]();
    assert.deepEqual(await listed(), [['2'], undefined]);
  } finally {
    await upstream[Symbol.asyncDispose]();
  }
});

test('as a cache: wrong bytes from the other registry never look complete, and the next attempt is right', async () => {
  using place = scratch();
  const image = makeImage([randomBytes(1_500_000)]);
  const [layer = Buffer.alloc(0)] = image.layers;
  const wrong = Buffer.from(layer);
  wrong[layer.length - 10] = (wrong[layer.length - 10] ?? 0) ^ 1;
  let isWrong = true;
  const upstream = createServer((request, response) => {
    const isManifest = request.url?.includes('/manifests/');
    if (isManifest) response.setHeader('content-type', ociManifest);
    response.end(isManifest ? image.manifest : isWrong ? wrong : layer);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  assert.ok(address !== null && typeof address === 'object');
  try {
    const options = { upstream: `127.0.0.1:${address.port}`, client: { retry: { attempts: 1 } } };
    await using cache = await serveIn(place.dir, { proxy: options });
    await call(cache.url, '/v2/library/app/manifests/1');
    const path = `/v2/library/app/blobs/${digestOf(layer)}`;
    await assert.rejects(call(cache.url, path), /aborted|socket hang up|premature|ECONNRESET/i);
    isWrong = false;
    assert.deepEqual((await call(cache.url, path)).body, layer);
  } finally {
    upstream.closeAllConnections();
    upstream.close();
  }
});
