// Manifests, indexes and configurations that are odd, unlucky or hostile, and names at their limits.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EngineError, isKind } from '#shared/errors.ts';
import { digestOf, type ImageHost, type MadeImage, makeImage, openHost, scratch } from './images-fixture.ts';
import { serve } from './images-liar.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const quick = { retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 }, idleTimeoutMs: 2_000 };
let hosts = 0;
const newHost = (): Promise<ImageHost> => openHost(join(place.dir, `h${hosts++}`), quick);

const image = await makeImage([
  { files: { a: 'one' } },
  { files: { big: 'x'.repeat(2_000_000) }, as: 'plain' },
]);
const big = image.layers[1]?.bytes ?? Buffer.alloc(0);
const isBig = (bytes: Buffer) => bytes.length === big.length;

async function pulls(source: MadeImage): Promise<void> {
  await using liar = await serve(source, () => false);
  await using host = await newHost();
  assert.equal((await host.images.pull({ reference: `${liar.host}/x` })).id, digestOf(source.config));
}

async function fails(source: MadeImage, expected: RegExp): Promise<void> {
  await using liar = await serve(source, () => false);
  await using host = await newHost();
  await assert.rejects(host.images.pull({ reference: `${liar.host}/x` }), (thrown) => {
    assert.ok(thrown instanceof EngineError, String(thrown));
    assert.match(thrown.message, expected);
    return true;
  });
  assert.deepEqual(host.content.list(), []);
}

/** The image with another manifest; `more` are further documents. */
const withManifest = (source: MadeImage, document: object): MadeImage => ({
  ...source,
  manifest: Buffer.from(JSON.stringify(document)),
});

const ours = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };
const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexOf = (manifests: object[]) => ({ schemaVersion: 2, mediaType: indexType, manifests });
const descriptorOf = (bytes: Buffer, mediaType: string, platform?: object) => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
  ...(platform === undefined ? {} : { platform }),
});

test('an index without our platform has Docker’s sentence', async () => {
  const other = { os: 'linux', architecture: 'riscv64' };
  const index = withManifest(image, indexOf([descriptorOf(image.manifest, manifestType, other)]));
  await fails(
    index,
    new RegExp(`no matching manifest for linux/${ours.architecture}(/v8)? in the manifest list entries`),
  );
});

test('indexes in indexes are looked through, but not for ever', async () => {
  const bytesOf = (document: object) => Buffer.from(JSON.stringify(document));
  const elsewhere = bytesOf(
    indexOf([descriptorOf(image.manifest, manifestType, { os: 'linux', architecture: 'riscv64' })]),
  );
  const inner = bytesOf(indexOf([descriptorOf(image.manifest, manifestType, ours)]));
  const top = indexOf([descriptorOf(elsewhere, indexType), descriptorOf(inner, indexType)]);
  const more = Object.fromEntries(
    [elsewhere, inner, image.manifest].map((bytes) => [digestOf(bytes), bytes]),
  );
  await using liar = await serve(withManifest(image, top), () => false, more);
  await using host = await newHost();
  assert.equal((await host.images.pull({ reference: `${liar.host}/x` })).id, digestOf(image.config));
  await using every = await newHost();
  await every.images.pull({ reference: `${liar.host}/x`, allPlatforms: true });
  let tower = inner;
  const storeys: Record<string, Buffer> = { ...more };
  for (let at = 0; at < 6; at++) {
    tower = bytesOf(indexOf([descriptorOf(tower, indexType, ours)]));
    storeys[digestOf(tower)] = tower;
  }
  await using high = await serve({ ...image, manifest: tower }, () => false, storeys);
  await assert.rejects(host.images.pull({ reference: `${high.host}/x` }), /lies too deep in indexes/);
});

test('a document that is manifest and index at once is neither', async () => {
  const both = {
    ...JSON.parse(image.manifest.toString()),
    manifests: [descriptorOf(image.manifest, manifestType, ours)],
  };
  await fails(withManifest(image, both), /both|unsupported manifest/);
});

test('the same layer twice, and no layer at all', async () => {
  const [one] = image.layers;
  assert.ok(one);
  const twice = await makeImage([{ files: { a: 'one' } }, { files: { b: 'two' } }, { files: { a: 'one' } }]);
  await pulls(twice);
  const none = await makeImage([]);
  await using liar = await serve(none, () => false);
  await using host = await newHost();
  const name = `${liar.host}/x`;
  await host.images.pull({ reference: name });
  assert.deepEqual(host.images.inspect(name).RootFS.Layers ?? [], []);
  assert.deepEqual(await host.images.layers(name), []);
  assert.deepEqual(await host.images.files(name), []);
  await using other = await newHost();
  await other.images.load(host.images.save([name]));
  assert.equal(other.images.resolve(name).id, digestOf(none.config));
  await host.images.remove(name);
  assert.deepEqual(host.content.list(), []);
});

test('a layer that lies elsewhere is fetched from there, without our credentials', async () => {
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'nobody'}`);
    response.end(big);
  }).listen(0, '127.0.0.1');
  after(() => elsewhere.close());
  await once(elsewhere, 'listening');
  const port = (elsewhere.address() as AddressInfo).port;
  const document = JSON.parse(image.manifest.toString());
  Object.assign(document.layers[1], {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
    urls: ['ftp://127.0.0.1/none', `http://127.0.0.1:${port}/layer`],
  });
  const foreign = withManifest(image, document);
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  await using liar = await serve(foreign, (request, response, bytes) => {
    if (request.headers.authorization !== basic)
      return Boolean(response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end());
    return isBig(bytes) && Boolean(response.writeHead(404).end());
  });
  await using host = await newHost();
  await host.images.pull({ reference: `${liar.host}/x`, auth: { username: 'me', password: 'secret' } });
  assert.deepEqual(asked, ['GET /layer nobody']);
});

test('a configuration of the wrong shape is refused, or does no harm to what lists images', async () => {
  const shapes = [
    { config: { Labels: 5 } },
    { config: { Env: 'A=1' } },
    { config: { Cmd: 'true', Entrypoint: 7 } },
    { config: 'x' },
    { config: { ExposedPorts: ['80'], Volumes: 'v' } },
    { history: 'none' },
    { history: [null, 5, { created: {} }] },
    { created: 5 },
    { created: 'yesterday' },
    { architecture: 5 },
    { created: null, author: null, variant: null, config: null, history: null },
    {
      config: { Env: null, Cmd: 'true', Labels: null, Volumes: null, Healthcheck: null, ExposedPorts: null },
      history: [null, { created: null, created_by: null }],
    },
    { author: {}, config: { Labels: { a: 1, b: null }, Healthcheck: [], User: 3, WorkingDir: {} } },
  ];
  const taken: number[] = [];
  for (const shape of shapes) {
    const odd = await makeImage([{ files: { a: 'one' } }], shape);
    await using liar = await serve(odd, () => false);
    await using host = await newHost();
    const name = `${liar.host}/x`;
    try {
      await host.images.pull({ reference: name });
      taken.push(shapes.indexOf(shape));
    } catch (thrown) {
      assert.ok(isKind(thrown, 'invalid', 'unsupported', 'not-found'), `${JSON.stringify(shape)}: ${thrown}`);
      assert.deepEqual(host.content.list(), []);
      continue;
    }
    try {
      host.images.list();
      host.images.list({ filters: new Map([['label', ['a']]]) });
      host.images.inspect(name);
      host.images.history(name);
      await host.images.layers(name);
      await host.images.prune(new Map([['until', ['1h']]]));
      await host.images.pruneToBudget(0);
    } catch (thrown) {
      assert.fail(`${JSON.stringify(shape)}: ${thrown instanceof Error ? thrown.stack : thrown}`);
    }
  }
  // Null is what some builders write for nothing.
  assert.deepEqual(
    taken.map((at) => shapes[at]),
    shapes.slice(-3, -1),
  );
});

test('names at their limits', async () => {
  await using liar = await serve(image, () => false);
  await using host = await newHost();
  const room = 255 - liar.host.length - 1;
  const longest = `${liar.host}/${'n'.repeat(room)}`;
  assert.equal((await host.images.pull({ reference: longest })).id, digestOf(image.config));
  for (const bad of [`${longest}n`, `${liar.host}/bücher`, `${liar.host}/x:bücher`, `${liar.host}/x\u200b`]) {
    await assert.rejects(host.images.pull({ reference: bad }), (thrown) => isKind(thrown, 'invalid'), bad);
  }
  const tag = 't'.repeat(128);
  await assert.rejects(host.images.pull({ reference: `${liar.host}/x:${tag}` }), (thrown) =>
    isKind(thrown, 'not-found'),
  );
});
