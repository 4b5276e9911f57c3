// Pulls from a registry that lies, stalls or falls over, and from engines that are killed in the middle.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { EngineError } from '#shared/errors.ts';
import { digestOf, type ImageHost, type MadeImage, makeImage, openHost, scratch } from './images-fixture.ts';
import { serve, type Twist } from './images-liar.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const image = await makeImage([
  { files: { a: 'one' } },
  { files: { big: 'x'.repeat(3_000_000) }, as: 'plain' },
  { files: { c: 'three' } },
]);
const big = image.layers[1]?.bytes ?? Buffer.alloc(0);
const isBig = (bytes: Buffer) => bytes.length === big.length;
const quick = { retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 }, idleTimeoutMs: 300 };

function assertEmpty(host: ImageHost): void {
  assert.deepEqual(host.images.list(), []);
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
}

async function failingPull(twist: Twist, expected: RegExp, source: MadeImage = image): Promise<void> {
  await using liar = await serve(source, twist);
  await using host = await openHost(join(place.dir, `h${Math.random()}`), quick);
  await assert.rejects(host.images.pull({ reference: `${liar.host}/x` }), (thrown) => {
    assert.ok(thrown instanceof EngineError, String(thrown));
    assert.match(thrown.message, expected);
    return true;
  });
  assertEmpty(host);
}

test('a wrong digest, half a layer, and silence fail with the layer named, and leave nothing', async () => {
  const short = digestOf(big).slice(7, 19);
  const wrong = Buffer.from(big);
  wrong[1_000_000] = 0;
  await failingPull(
    (_, response, bytes) => isBig(bytes) && Boolean(response.end(wrong)),
    new RegExp(`layer ${short}: filesystem layer verification failed for digest ${digestOf(big)}`),
  );
  await failingPull(
    (_, response, bytes) => isBig(bytes) && Boolean(response.end(bytes.subarray(0, 1_500_000))),
    new RegExp(`layer ${short}: the registry sent 1500000 of ${big.length} bytes`),
  );
  await failingPull((_, __, bytes) => isBig(bytes), /timeout|no byte/);
});

test('a layer that is not what the configuration says, and one that would escape', async () => {
  const lying = await makeImage([{ files: { a: 'one' } }], {
    rootfs: { type: 'layers', diff_ids: [`sha256:${'7'.repeat(64)}`] },
  });
  await failingPull(
    () => false,
    /unpacks to sha256:[a-f0-9]+, but the image's configuration says sha256:777/,
    lying,
  );
  const escaping = await makeImage([{ files: { '../../../../tmp/wharf-escaped': 'x' } }]);
  await failingPull(() => false, /wharf-escaped|\.\./, escaping);
});

test('resets, 500s and 429s on the way do not stop a pull', async () => {
  const seen = new Map<string, number>();
  await using liar = await serve(image, (request, response, bytes) => {
    const times = (seen.get(request.url ?? '') ?? 0) + 1;
    seen.set(request.url ?? '', times);
    if (times === 1)
      return Boolean(response.writeHead(isBig(bytes) ? 429 : 500, { 'retry-after': '0' }).end());
    if (times > 2 || !isBig(bytes)) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 2_000_000), () => response.destroy());
    return true;
  });
  await using host = await openHost(join(place.dir, 'patient'), quick);
  const pulled = await host.images.pull({ reference: `${liar.host}/x` });
  assert.equal(pulled.id, digestOf(image.config));
  assert.equal(host.snapshots.layers().length, 3);
});

test('an engine that is killed in the middle of a pull: the next one is clean, and resumes', async () => {
  const dir = join(place.dir, 'killed');
  let whole = false;
  let range: string | undefined;
  await using liar = await serve(image, (request, response, bytes) => {
    if (!isBig(bytes)) return false;
    range = request.headers.range;
    if (whole) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 2_500_000));
    return true;
  });
  const fixture = new URL('./images-fixture.ts', import.meta.url).href;
  const program = `import { openHost } from ${JSON.stringify(fixture)};
    const host = await openHost(${JSON.stringify(dir)}, { idleTimeoutMs: 20000 });
    await host.images.pull({ reference: ${JSON.stringify(`${liar.host}/x`)}, onProgress: (line) => {
      if (line.progressDetail?.current > 1) console.log(line.id, line.progressDetail.current);
    }});`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  // The last count is the big layer's: it stalls with most of it received.
  lines.once('line', () => setTimeout(() => child.kill('SIGKILL'), 500));
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL');
  await using host = await openHost(dir, quick);
  assertEmpty(host);
  assert.equal(host.content.ingests().length, 1, 'the half layer is kept');
  whole = true;
  await host.images.pull({ reference: `${liar.host}/x` });
  assert.match(range ?? '', /^bytes=[1-9]\d*-$/);
});
