// Registries that are odd, unlucky or hostile in ways that happen: redirects, pages of proxies, broken ranges, lies about lengths.
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
