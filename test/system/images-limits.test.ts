// How many transfers an engine has at once, and logins by refresh token.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archiveOf, digestOf, type ImageHost, makeImage, openHost, scratch } from './images-fixture.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const image = await makeImage(
  Array.from({ length: 8 }, (_, at) => ({
    files: { [`f${at}`]: `${at}`.repeat(5_000) },
    as: 'plain' as const,
  })),
);
const blobs = new Map(
  [image.config, image.manifest, ...image.layers.map(({ bytes }) => bytes)].map((b) => [digestOf(b), b]),
);
const isLayer = (digest: string) => image.layers.some(({ bytes }) => digestOf(bytes) === digest);

interface Counted extends AsyncDisposable {
  host: string;
  /** Transfers of layers that went on at one time, at most. */
  most: number;
}

/** A registry that takes a while for each layer, both ways, and counts how many it is busy with. */
async function counting(): Promise<Counted> {
  let now = 0;
  const counted = { most: 0 };
  const slowly = async (work: () => void): Promise<void> => {
    counted.most = Math.max(counted.most, ++now);
    await sleep(60);
    now--;
    work();
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const name = pathname.split('/').at(-1) ?? '';
    const end = (status: number, body?: Buffer) => void response.writeHead(status).end(body);
    if (request.method === 'HEAD') return end(404);
    if (request.method === 'POST')
      return void response.writeHead(202, { location: '/v2/x/blobs/uploads/1' }).end();
    if (request.method === 'PUT') {
      request.resume();
      await once(request, 'end');
      return isLayer(searchParams.get('digest') ?? '') ? await slowly(() => end(201)) : end(201);
    }
    const bytes = name === 'latest' ? image.manifest : blobs.get(name as `sha256:${string}`);
    if (isLayer(name)) await slowly(() => end(200, bytes));
    else end(bytes === undefined ? 404 : 200, bytes);
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(counted, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** A busy machine may not get to the limit. */
function within(most: number, limit: number): void {
  assert.ok(most <= limit && (most > 1 || limit === 1), `${most} at once, of ${limit} allowed`);
}

for (const [asked, expected] of [
  [{}, { down: 3, up: 5 }],
  [
    { downloadsAtOnce: 1, uploadsAtOnce: 2 },
    { down: 1, up: 2 },
  ],
] as const) {
  test(`at most ${expected.down} downloads and ${expected.up} uploads at once`, async () => {
    await using registry = await counting();
    const reference = `${registry.host}/x`;
    await using host = await openHost(join(place.dir, `down${expected.down}`), asked);
    // Two pulls share the limit.
    const both = [host.images.pull({ reference }), host.images.pull({ reference, allPlatforms: true })];
    await Promise.all(both);
    within(registry.most, expected.down);
    await using giver = await openHost(join(place.dir, `up${expected.up}`), asked);
    await giver.images.load(Readable.from([await archiveOf(image, `${reference}:latest`)]));
    registry.most = 0;
    await giver.images.push({ reference });
    within(registry.most, expected.up);
  });
}

test('a refresh token is exchanged for a token, and not sent anywhere else', async () => {
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    const { authorization } = request.headers;
    if (request.url === '/oauth') {
      const form = new URLSearchParams(await text(request));
      seen.push(`${request.method} ${[...form].map(([key, value]) => `${key}=${value}`).join(' ')}`);
      assert.equal(authorization, undefined);
      return void response.end(JSON.stringify({ access_token: 'short-lived', expires_in: 300 }));
    }
    if (authorization !== 'Bearer short-lived') {
      assert.equal(authorization, undefined);
      const challenge = `Bearer realm="http://${host}/oauth",service="us",scope="repository:x:pull"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    const name = request.url?.split('/').at(-1) ?? '';
    response.end(name === 'latest' ? image.manifest : blobs.get(name as `sha256:${string}`));
  }).listen(0, '127.0.0.1');
  after(() => server.close());
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using client: ImageHost = await openHost(join(place.dir, 'refresh'));
  await client.images.pull({ reference: `${host}/x`, auth: { identitytoken: 'kept long' } });
  assert.deepEqual(seen, [
    'POST grant_type=refresh_token client_id=wharf refresh_token=kept long service=us scope=repository:x:pull',
  ]);
  server.closeAllConnections();
});
