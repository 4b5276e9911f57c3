// Images that are no good, as registries may offer them: each is refused with a clear error, and nothing of it stays.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { EngineError, type ErrorKind } from '#shared/errors.ts';
import { digestOf, type ImageHost, type MadeImage, makeImage, openHost, scratch } from './images-fixture.ts';
import { serve, type Twist } from './images-liar.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const quick = { retry: { attempts: 2, firstDelayMs: 1, maxDelayMs: 5 }, idleTimeoutMs: 2_000 };
const sound = await makeImage([{ files: { a: 'one' } }, { files: { b: 'two' } }]);
let hosts = 0;

const newHost = (): Promise<ImageHost> => openHost(join(place.dir, `h${hosts++}`), quick);

async function refused(
  image: MadeImage,
  expected: { kind?: ErrorKind; message: RegExp; twist?: Twist },
): Promise<void> {
  await using liar = await serve(image, expected.twist ?? (() => false));
  await using host = await newHost();
  await assert.rejects(host.images.pull({ reference: `${liar.host}/x` }), (thrown) => {
    assert.ok(thrown instanceof EngineError, String(thrown));
    assert.match(thrown.message, expected.message);
    if (expected.kind !== undefined) assert.equal(thrown.kind, expected.kind);
    return true;
  });
  assert.deepEqual(host.images.list(), []);
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
}

const manifestWith = (image: MadeImage, changes: (manifest: Manifest) => void): MadeImage => {
  const manifest: Manifest = JSON.parse(image.manifest.toString('utf8'));
  changes(manifest);
  return { ...image, manifest: Buffer.from(JSON.stringify(manifest)) };
};

interface Manifest {
  schemaVersion: number;
  mediaType?: string;
  config: { mediaType: string; digest: string; size: number };
  layers: { mediaType: string; digest: string; size: number }[];
}

/** An image of one layer with these members. */
async function imageOf(members: (Partial<Header> & { name: string })[], content = 'x'): Promise<MadeImage> {
  const stream = pack();
  const read = buffer(stream);
  for (const member of members) {
    if (member.type === undefined || member.type === 'file') stream.entry(member, content);
    else stream.entry(member);
  }
  stream.finalize();
  return layered(await read);
}

async function layered(tar: Buffer): Promise<MadeImage> {
  const bytes = gzipSync(tar);
  const made = await makeImage([], { rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } });
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const whole = { ...made, layers: [{ bytes, mediaType, diffId: digestOf(tar) }] };
  return manifestWith(whole, (manifest) => {
    manifest.layers = [{ mediaType, digest: digestOf(bytes), size: bytes.length }];
  });
}

test('a manifest that refers to blobs the registry lacks', async () => {
  const missing = `sha256:${'3'.repeat(64)}`;
  const noLayer = manifestWith(sound, ({ layers }) => Object.assign(layers[1] ?? {}, { digest: missing }));
  await refused(noLayer, { message: /404|not found|unknown/i });
  const noConfig = manifestWith(sound, ({ config }) => Object.assign(config, { digest: missing }));
  await refused(noConfig, { message: /404|not found|unknown/i });
});

test('lengths that are not those of the blobs', async () => {
  const longer = manifestWith(sound, ({ layers }) => Object.assign(layers[0] ?? {}, { size: 100_000 }));
  await refused(longer, { kind: 'unavailable', message: /sent \d+ of 100000 bytes/ });
  const shorter = manifestWith(sound, ({ layers }) => Object.assign(layers[0] ?? {}, { size: 5 }));
  await refused(shorter, { kind: 'unavailable', message: /more than the 5 bytes it announced/ });
  const fewer = manifestWith(sound, ({ layers }) => void layers.pop());
  await refused(fewer, { kind: 'invalid', message: /1 layers, but 2 diff_ids/ });
});

test('media types and documents that are no image', async () => {
  const chart = manifestWith(sound, ({ config }) => {
    config.mediaType = 'application/vnd.cncf.helm.config.v1+json';
  });
  await refused(chart, {
    kind: 'unsupported',
    message: /is no container image: its configuration is .*helm/,
  });
  await refused({ ...sound, manifest: Buffer.from('<html>') }, { message: /manifest|JSON/i });
  await refused({ ...sound, manifest: Buffer.from('{"schemaVersion":1}') }, { message: /manifest|schema/i });
});

test('a huge manifest and a huge configuration are not read to their end', async () => {
  const huge = { ...sound, manifest: Buffer.alloc(40_000_000, ' ') };
  await refused(huge, { kind: 'unavailable', message: /longer than \d+ bytes/ });
  const config = manifestWith(sound, (manifest) => {
    manifest.config.size = 4_000_000_000;
  });
  await refused(config, { message: /4000000000 bytes/ });
});

test('more layers than the kernel puts on each other', async () => {
  const [one] = sound.layers;
  const many = Array.from({ length: 500 }, () => one?.diffId);
  const tower = await makeImage([], { rootfs: { type: 'layers', diff_ids: many } });
  const high = manifestWith({ ...sound, config: tower.config, manifest: tower.manifest }, (manifest) => {
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    const bytes = one?.bytes ?? Buffer.alloc(0);
    manifest.layers = many.map(() => ({ mediaType, digest: digestOf(bytes), size: bytes.length }));
  });
  await refused(high, { kind: 'invalid', message: /^max depth exceeded$/ });
});

test('names that climb out, links that lead out, hard links to what is not there', async () => {
  await refused(await imageOf([{ name: '../../etc/wharf-evil' }]), {
    kind: 'invalid',
    message: /leads outside/,
  });
  await refused(
    await imageOf([{ name: 'out', type: 'symlink', linkname: '/etc' }, { name: 'out/../../wharf-evil' }]),
    { kind: 'invalid', message: /leads outside/ },
  );
  await refused(await imageOf([{ name: 'hard', type: 'link', linkname: '/etc/passwd-none' }]), {
    kind: 'invalid',
    message: /hard link target .* is missing/,
  });
});

test('names of 4 KB, in one part and in many', async () => {
  await refused(await imageOf([{ name: 'n'.repeat(4096) }]), { kind: 'invalid', message: /too long/ });
  await refused(await imageOf([{ name: `${'d/'.repeat(2500)}f` }]), { kind: 'invalid', message: /too long/ });
});

test('a path twice in one layer: the later one counts, whatever it is', async () => {
  const image = await imageOf([
    { name: 'twice' },
    { name: 'twice', type: 'directory' },
    { name: 'twice/in' },
    { name: 'dev', type: 'character-device', devmajor: 1, devminor: 3 },
  ]);
  await using liar = await serve(image, () => false);
  await using host = await newHost();
  await host.images.pull({ reference: `${liar.host}/x` });
  const files = await host.images.files(`${liar.host}/x`);
  assert.deepEqual(
    files.map(({ Path, Type }) => `${Path} ${Type}`),
    ['/dev device', '/twice directory', '/twice/in file'],
  );
});

test('a layer that unpacks to more than the disk has does not fill it', async () => {
  const dir = join(place.dir, 'small');
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dir]);
  try {
    const bomb = await layered(Buffer.concat([await tarOfZeros(64 << 20), Buffer.alloc(1024)]));
    await using liar = await serve(bomb, () => false);
    let leastFree = Number.POSITIVE_INFINITY;
    {
      await using host = await openHost(dir, quick);
      const watch = setInterval(() => {
        const { bavail, bsize } = statfsSync(dir);
        leastFree = Math.min(leastFree, bavail * bsize);
      }, 2);
      const pulling = host.images.pull({ reference: `${liar.host}/x` });
      await assert.rejects(pulling, /no space left on device: the layer unpacks to more than/);
      clearInterval(watch);
      assert.deepEqual(host.snapshots.layers(), []);
    }
    assert.ok(leastFree > 500_000, `only ${leastFree} bytes were free`);
  } finally {
    execFileSync('umount', [dir]);
  }
});

async function tarOfZeros(size: number): Promise<Buffer> {
  const stream = pack();
  const read = buffer(stream);
  stream.entry({ name: 'zeros' }, Buffer.alloc(size));
  stream.finalize();
  return await read;
}

test('references that lead elsewhere are none', async () => {
  await using host = await newHost();
  const bad = [
    '../../etc/passwd',
    'localhost:1/../x',
    'localhost:1/a/../b',
    'localhost:1/x:../../y',
    'localhost:1/x@sha256:../..',
    'localhost:1/X',
    `localhost:1/x:${'t'.repeat(129)}`,
    `localhost:1/${'r'.repeat(300)}`,
    'localhost:1//x',
    'localhost:1/x\n',
    '',
  ];
  for (const reference of bad) {
    await assert.rejects(host.images.pull({ reference }), (thrown) => {
      assert.ok(thrown instanceof EngineError, String(thrown));
      assert.equal(thrown.kind, 'invalid', `${JSON.stringify(reference)}: ${thrown.message}`);
      return true;
    });
  }
});

test('a token that is over is asked for again; a wrong password is told without a word about the user', async () => {
  let tokens = 0;
  let host = '';
  const good = `Basic ${Buffer.from('me:right').toString('base64')}`;
  const answerToken = (given: string | undefined, response: ServerResponse): boolean => {
    if (given !== good)
      return Boolean(response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}'));
    return Boolean(response.end(JSON.stringify({ token: `t${++tokens}`, expires_in: 3600 })));
  };
  const twist: Twist = (request, response) => {
    const given = request.headers.authorization;
    if (request.url?.includes('/token')) return answerToken(given, response);
    // The first one is over when the manifest has been given.
    const isOver = given === 'Bearer t1' && request.url?.includes('/blobs/') === true;
    if (given?.startsWith('Bearer t') && !isOver) return false;
    const realm = `Bearer realm="http://${host}/v2/x/blobs/token",service="s",scope="repository:x:pull"`;
    return Boolean(response.writeHead(401, { 'www-authenticate': realm }).end());
  };
  await using liar = await serve(sound, twist, { token: Buffer.from('token') });
  host = liar.host;
  await using client = await newHost();
  const auth = { username: 'me', password: 'right' };
  const image = await client.images.pull({ reference: `${host}/x`, auth });
  assert.equal(image.id, digestOf(sound.config));
  assert.ok(tokens >= 2, `${tokens} tokens`);
  for (const wrong of [
    { username: 'me', password: 'wrong' },
    { username: 'nobody', password: 'x' },
  ]) {
    await using other = await newHost();
    await assert.rejects(other.images.pull({ reference: `${host}/x`, auth: wrong }), (thrown) => {
      assert.ok(thrown instanceof EngineError);
      assert.match(thrown.message, /unauthorized|denied/);
      assert.doesNotMatch(thrown.message, /wrong|right|nobody/);
      return true;
    });
  }
});
