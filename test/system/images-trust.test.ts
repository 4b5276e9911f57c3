// Registries over TLS: private authorities, client certificates, hosts that are not verified, proxies and mirrors.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { isKind } from '#shared/errors.ts';
import { serveIn } from './hub-fixture.ts';
import {
  archiveOf,
  digestOf,
  type ImageHost,
  type MadeImage,
  makeImage,
  openHost,
  type RegistryServer,
  scratch,
  startRegistry,
} from './images-fixture.ts';

const place = scratch();
const certs = join(place.dir, 'certs');
let secured: RegistryServer;
let plain: RegistryServer;
let maker: ImageHost;
let made: MadeImage;

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: certs });

/** A certificate for `name`, signed by the test's own authority. */
function issue(name: string, subject: string, usage: string): void {
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    subject,
  );
  writeFileSync(
    join(certs, `${name}.ext`),
    `subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=${usage}\n`,
  );
  const by = [
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
  ];
  openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...by);
}

before(async () => {
  mkdirSync(certs);
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  );
  issue('server', '/CN=registry', 'serverAuth');
  issue('client', '/CN=client', 'clientAuth');
  const tls = { certificate: join(certs, 'server.crt'), key: join(certs, 'server.key') };
  secured = await startRegistry(join(place.dir, 'secured'), { ...tls, clientcas: [join(certs, 'ca.crt')] });
  plain = await startRegistry(join(place.dir, 'plain'));
  maker = await openHost(join(place.dir, 'maker'));
  made = await makeImage([{ files: { 'etc/one': 'first' } }]);
  await maker.images.load(Readable.from([await archiveOf(made, `${plain.host}/library/app:1`)]));
  await maker.images.push({ reference: `${plain.host}/library/app:1` });
});

after(async () => {
  await maker?.[Symbol.asyncDispose]();
  await secured?.[Symbol.asyncDispose]();
  await plain?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

/** A `certs.d` with these files for the registry. */
function certsDir(name: string, host: string, files: Record<string, string>): string {
  const dir = join(place.dir, name);
  mkdirSync(join(dir, host), { recursive: true });
  for (const [file, target] of Object.entries(files)) symlinkSync(join(certs, target), join(dir, host, file));
  return dir;
}

test('a private authority and a client certificate from certs.d; without them the registry is not trusted', async () => {
  const name = `${secured.host}/team/app:1`;
  const pair = { 'us.cert': 'client.crt', 'us.key': 'client.key' };
  const dir = certsDir('whole', secured.host, { 'ca.crt': 'ca.crt', ...pair });
  await using host = await openHost(join(place.dir, 'trusting'), { certsDirs: [dir] });
  await host.images.load(Readable.from([await archiveOf(made, name)]));
  assert.equal(await host.images.push({ reference: name }), digestOf(made.manifest));
  await host.images.remove(name);
  assert.equal((await host.images.pull({ reference: name })).id, digestOf(made.config));
  // Loopback is not verified, but this registry wants to know who comes.
  await using stranger = await openHost(join(place.dir, 'stranger'), { certsDirs: [] });
  await assert.rejects(
    stranger.images.pull({ reference: name }),
    /certificate required|alert|socket hang up|EPROTO/i,
  );
  // A folder of certificates means that the host is verified.
  const onlyClient = certsDir('client', secured.host, pair);
  await using doubtful = await openHost(join(place.dir, 'doubtful'), { certsDirs: [onlyClient] });
  await assert.rejects(doubtful.images.pull({ reference: name }), (thrown: Error) => {
    assert.match(thrown.message, /certificate/);
    return isKind(thrown, 'unavailable');
  });
  // What is put there while the engine runs counts.
  symlinkSync(join(certs, 'ca.crt'), join(onlyClient, secured.host, 'ca.crt'));
  assert.equal((await doubtful.images.pull({ reference: name })).id, digestOf(made.config));
});

test('half a pair is told with the names of both files', async () => {
  const dir = certsDir('half', secured.host, { 'us.cert': 'client.crt' });
  await using host = await openHost(join(place.dir, 'half-host'), { certsDirs: [dir] });
  await assert.rejects(
    host.images.pull({ reference: `${secured.host}/team/app:1` }),
    /missing key us\.key for client certificate us\.cert/,
  );
  rmSync(join(dir, secured.host, 'us.cert'));
  symlinkSync(join(certs, 'client.key'), join(dir, secured.host, 'us.key'));
  await assert.rejects(
    host.images.pull({ reference: `${secured.host}/team/app:1` }),
    /missing client certificate us\.cert for key us\.key/,
  );
});

test('a mirror of any registry comes first, and the registry itself where the mirror cannot', async () => {
  const mirror = `registry.example.org=http://${plain.host}`;
  await using host = await openHost(join(place.dir, 'mirrored'), { mirrors: [mirror] });
  const pulled = await host.images.pull({ reference: 'registry.example.org/library/app:1' });
  assert.equal(pulled.id, digestOf(made.config));
  assert.deepEqual(pulled.tags, ['registry.example.org/library/app:1']);
  const gone = `${plain.host}=http://127.0.0.1:1`;
  await using other = await openHost(join(place.dir, 'fallback'), { mirrors: [gone] });
  assert.equal(
    (await other.images.pull({ reference: `${plain.host}/library/app:1` })).id,
    digestOf(made.config),
  );
});

test('a proxy is asked for other hosts, never for this machine', async () => {
  const asked: string[] = [];
  const port = Number(plain.host.split(':')[1]);
  const proxy = createHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const url = new URL(request.url ?? '');
    fetch(`http://${plain.host}${url.pathname}`, {
      headers: { accept: request.headers.accept ?? '*/*' },
    }).then(
      async (answer) => {
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
        response.end(Buffer.from(await answer.arrayBuffer()));
      },
      () => response.destroy(),
    );
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const proxies = { httpProxy: address, httpsProxy: address, noProxy: 'direct.example.org' };
  const options = { proxies, insecure: ['far.example.org:80'], retry: { attempts: 1 } };
  try {
    await using host = await openHost(join(place.dir, 'proxied'), options);
    const image = await host.images.pull({ reference: 'far.example.org:80/library/app:1' });
    assert.equal(image.id, digestOf(made.config));
    assert.ok(asked.every((line) => line.startsWith('GET http://far.example.org')));
    await assert.rejects(host.images.pull({ reference: 'tls.example.org/library/app:1' }));
    assert.equal(asked.at(-1), 'CONNECT tls.example.org:443');
    const before = asked.length;
    await host.images.pull({ reference: `127.0.0.1:${port}/library/app:1` });
    await assert.rejects(host.images.pull({ reference: 'direct.example.org/library/app:1' }));
    assert.equal(asked.length, before);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

// Debian's docker-registry refuses to go on with an upload that broke off; ours does, as the specification has it.
test('an upload that breaks off goes on with what the registry has not got', async () => {
  await using hub = await serveIn(join(place.dir, 'hub'));
  const big = await makeImage([
    { files: { random: Buffer.alloc(24_000_000, 'break').toString() }, as: 'plain' },
  ]);
  const upstreamPort = Number(new URL(hub.url).port);
  let sent = 0;
  let breaks = 0;
  const server = createServer((socket) => {
    const up = connect(upstreamPort, '127.0.0.1');
    up.pipe(socket);
    socket.on('data', (chunk) => {
      sent += chunk.length;
      // Twice, in the middle of the layer: as when a cable is drawn.
      if (breaks < 2 && sent > 9_000_000 * (breaks + 1)) {
        breaks++;
        up.end(chunk);
        socket.destroy();
      } else up.write(chunk);
    });
    for (const one of [socket, up]) one.on('error', () => {});
    socket.on('close', () => up.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await maker.images.load(Readable.from([await archiveOf(big, `${host}/big/app:1`)]));
    await maker.images.push({ reference: `${host}/big/app:1` });
    assert.equal(breaks, 2);
    // Far from three times the layer: what had arrived was not sent again.
    assert.ok(sent < 40_000_000, `${sent} bytes sent`);
    await using other = await openHost(join(place.dir, 'resumed'));
    const image = await other.images.pull({ reference: `${new URL(hub.url).host}/big/app:1` });
    assert.equal(image.id, digestOf(big.config));
  } finally {
    server.close();
  }
});
