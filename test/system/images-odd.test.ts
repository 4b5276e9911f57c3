// Registries that are odd, unlucky or hostile in ways that happen: redirects, proxies' pages, broken ranges, odd manifests.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EngineError, isKind } from '#shared/errors.ts';
import { digestOf, type ImageHost, type MadeImage, makeImage, openHost, scratch } from './images-fixture.ts';
import { serve, type Twist } from './images-liar.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const quick = { retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 }, idleTimeoutMs: 2_000 };
let hosts = 0;
const newHost = (options: object = {}): Promise<ImageHost> =>
  openHost(join(place.dir, `h${hosts++}`), { ...quick, ...options });

const image = await makeImage([
  { files: { a: 'one' } },
  { files: { big: 'x'.repeat(2_000_000) }, as: 'plain' },
]);
const big = image.layers[1]?.bytes ?? Buffer.alloc(0);
const isBig = (bytes: Buffer) => bytes.length === big.length;

interface Front extends AsyncDisposable {
  host: string;
  asked: string[];
}

/** A server of our own making. */
async function front(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Front> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'nobody'}`);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pulls(twist: Twist, source: MadeImage = image): Promise<string[]> {
  await using liar = await serve(source, twist);
  await using host = await newHost();
  const pulled = await host.images.pull({ reference: `${liar.host}/x` });
  assert.equal(pulled.id, digestOf(source.config));
  return liar.asked;
}

async function fails(twist: Twist, expected: RegExp, source: MadeImage = image): Promise<string[]> {
  await using liar = await serve(source, twist);
  await using host = await newHost();
  await assert.rejects(host.images.pull({ reference: `${liar.host}/x` }), (thrown) => {
    assert.ok(thrown instanceof EngineError, String(thrown));
    assert.match(thrown.message, expected);
    return true;
  });
  assert.deepEqual(host.images.list(), []);
  assert.deepEqual(host.content.list(), []);
  return liar.asked;
}

test('a blob on another host: the registry’s credentials do not go there, not even where that host asks for them', async () => {
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  let asksForLogin = false;
  await using storage = await front((request, response) => {
    if (request.url?.startsWith('/token')) return void response.end(JSON.stringify({ token: 'stolen' }));
    if (asksForLogin) {
      const challenge = `Bearer realm="http://${storage.host}/token",service="s"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    response.end(big);
  });
  const twist: Twist = (request, response, bytes) => {
    if (request.headers.authorization !== basic) {
      return Boolean(response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end());
    }
    if (!isBig(bytes)) return false;
    return Boolean(
      response.writeHead(307, { location: `http://localhost:${storage.host.split(':')[1]}/b` }).end(),
    );
  };
  await using liar = await serve(image, twist);
  const pull = { reference: `${liar.host}/x`, auth: { username: 'me', password: 'secret' } };
  await using host = await newHost();
  assert.equal((await host.images.pull(pull)).id, digestOf(image.config));
  asksForLogin = true;
  await using other = await newHost();
  await assert.rejects(other.images.pull(pull));
  assert.ok(storage.asked.length >= 2);
  for (const line of storage.asked) assert.match(line, /^GET \/b nobody$/);
});

test('a page of HTML in place of a manifest or a layer is told; a mirror’s is passed over', async () => {
  const html = '<!doctype html><title>Log in to the Wi-Fi</title>';
  const page = (response: ServerResponse) =>
    Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end(html));
  await fails(
    (request, response) => request.url?.includes('/manifests/') === true && page(response),
    /manifest that is no JSON/,
  );
  await fails(
    (_, response, bytes) => isBig(bytes) && page(response),
    /layer [a-f0-9]{12}: (the registry sent|filesystem)/,
  );
  await using portal = await front((_, response) => void page(response));
  await using sound = await serve(image, () => false);
  await using host = await newHost({ mirrors: [`${sound.host}=http://${portal.host}`] });
  assert.equal((await host.images.pull({ reference: `${sound.host}/x` })).id, digestOf(image.config));
});

test('a mirror with a damaged layer: the registry itself gives the right one', async () => {
  const wrong = Buffer.from(big);
  wrong[1_000_000] = 0;
  await using mirror = await serve(
    image,
    (_, response, bytes) => isBig(bytes) && Boolean(response.end(wrong)),
  );
  await using sound = await serve(image, () => false);
  await using host = await newHost({ mirrors: [`${sound.host}=http://${mirror.host}`] });
  assert.equal((await host.images.pull({ reference: `${sound.host}/x` })).id, digestOf(image.config));
  assert.ok(sound.asked.includes(digestOf(big)));
});

test('a length that is a lie, and an answer that ends after its head: the next try goes on', async () => {
  let times = 0;
  await pulls((request, response, bytes) => {
    if (!isBig(bytes) || request.headers.range !== undefined || times++ > 0) return false;
    response.writeHead(200, { 'content-length': bytes.length + 5000 });
    response.write(bytes.subarray(0, 700_000), () => response.destroy());
    return true;
  });
  let heads = 0;
  await pulls((_, response, bytes) => {
    if (!isBig(bytes) || heads++ > 0) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.flushHeaders();
    setImmediate(() => response.destroy());
    return true;
  });
  assert.ok(times > 0 && heads > 1);
});

test('a server that refuses ranges, and one that gives another range than asked for', async () => {
  const tornOnce = (
    then: (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean,
  ): Twist => {
    let torn = false;
    return (request, response, bytes) => {
      if (!isBig(bytes)) return false;
      if (!torn) {
        torn = true;
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 1_500_000), () => response.destroy());
        return true;
      }
      return then(request, response, bytes);
    };
  };
  await pulls(
    tornOnce((request, response) => {
      if (request.headers.range === undefined) return false;
      return Boolean(response.writeHead(416).end());
    }),
  );
  await pulls(
    tornOnce((request, response, bytes) => {
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const start = Math.max(0, from - 1000);
      response.writeHead(206, {
        'content-length': bytes.length - start,
        'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      return Boolean(response.end(bytes.subarray(start)));
    }),
  );
});

test('a token server whose tokens never do, and one that redirects for ever, end soon', async () => {
  await using tokens = await front((request, response) => {
    if (request.url?.startsWith('/loop')) return void response.writeHead(302, { location: '/loop' }).end();
    response.end(JSON.stringify({ token: 'no-good', expires_in: 3600 }));
  });
  for (const [realm, expected] of [
    ['token', /pull access denied/],
    ['loop', /stopped after 5 redirects/],
  ] as const) {
    const challenge = `Bearer realm="http://${tokens.host}/${realm}",service="s"`;
    const asked = await fails(
      (_, response) => Boolean(response.writeHead(401, { 'www-authenticate': challenge }).end()),
      expected,
    );
    assert.ok(asked.length <= 3, `${asked.length} requests`);
  }
  assert.ok(tokens.asked.length <= 10, tokens.asked.join('\n'));
});

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
    () => false,
    new RegExp(`no matching manifest for linux/${ours.architecture}(/v8)? in the manifest list entries`),
    index,
  );
});

test('a document that is manifest and index at once is neither', async () => {
  const both = {
    ...JSON.parse(image.manifest.toString()),
    manifests: [descriptorOf(image.manifest, manifestType, ours)],
  };
  await fails(() => false, /both|unsupported manifest/, withManifest(image, both));
});

test('the same layer twice, and no layer at all', async () => {
  const [one] = image.layers;
  assert.ok(one);
  const twice = await makeImage([{ files: { a: 'one' } }, { files: { b: 'two' } }, { files: { a: 'one' } }]);
  await pulls(() => false, twice);
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
  await using elsewhere = await front((_, response) => void response.end(big));
  const document = JSON.parse(image.manifest.toString());
  Object.assign(document.layers[1], {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
    urls: ['ftp://127.0.0.1/none', `http://${elsewhere.host}/layer`],
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
  assert.deepEqual(elsewhere.asked, ['GET /layer nobody']);
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

test('tags that are listed in a circle end', async () => {
  await using circle = await front((request, response) => {
    if (!request.url?.includes('/tags/list')) return void response.writeHead(404).end();
    const next = request.url.includes('last=a') ? 'b' : 'a';
    response.setHeader('link', `</v2/x/tags/list?last=${next}&n=2>; rel="next"`);
    response.end(JSON.stringify({ name: 'x', tags: ['a', 'b'] }));
  });
  await using host = await newHost();
  await assert.rejects(host.images.pullEveryTag({ reference: `${circle.host}/x` }), (thrown) =>
    isKind(thrown, 'not-found'),
  );
  assert.ok(circle.asked.length < 10, circle.asked.join('\n'));
});
