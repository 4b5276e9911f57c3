// The web page: what it tells, and that nothing pushed becomes markup.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { copyScript, copyScriptHash } from '../../src/hub/pages/copy-button.ts';
import type { ServedHub } from '../../src/hub/serve.ts';
import {
  call,
  makeImage,
  ociIndex,
  ociManifest,
  pushImage,
  putManifest,
  scratch,
  serveIn,
} from './hub-fixture.ts';

const place = scratch();
let served: ServedHub;

before(async () => {
  served = await serveIn(place.dir);
  const history = [
    { created_by: '/bin/sh -c apt-get install <b>bold</b>' },
    { created_by: 'CMD ["x"]', empty_layer: true },
    { created_by: 'COPY "><script>alert(1)</script> /x # buildkit' },
  ];
  const annotations = { 'org.opencontainers.image.description': 'An <img src=x onerror=alert(1)> & more' };
  const image = makeImage([randomBytes(123_456), randomBytes(7890)], { annotations }, history);
  await pushImage(served.url, 'team/app', { ...image, reference: '1.0' });
  const platform = (architecture: string, variant?: string) => ({ os: 'linux', architecture, variant });
  const child = { mediaType: ociManifest, digest: image.digest, size: image.manifest.length };
  const manifests = [
    { ...child, platform: platform('amd64') },
    { ...child, platform: platform('arm', 'v7') },
  ];
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }));
  await putManifest(served.url, { repository: 'team/app', reference: 'multi', type: ociIndex }, index);
});

after(async () => {
  await served?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const page = async (path: string) => {
  const reply = await call(served.url, path);
  return { status: reply.status, text: reply.body.toString(), headers: reply.headers };
};

test('repositories, and a search among them', async () => {
  const all = await page('/');
  assert.equal(all.status, 200);
  assert.match(all.text, /<a class="name" href="\/r\/team\/app">team\/app<\/a>/);
  assert.match(all.text, /2 tags/);
  assert.match((await page('/?q=TEAM+more')).text, /1 repository for “TEAM more”/);
  assert.match((await page('/?q=nothing')).text, /0 repositories/);
});

test('tags with platforms, sizes and a command to pull', async () => {
  const { text } = await page('/r/team/app');
  assert.match(text, /href="\/r\/team\/app:1.0"/);
  assert.match(text, /linux\/amd64 13\dkB/);
  assert.match(text, /linux\/arm\/v7 13\dkB/);
  assert.ok(text.includes(`wharf pull ${new URL(served.url).host}/team/app:multi`));
});

test('layers with the instructions that made them', async () => {
  const { text } = await page('/r/team/app:1.0');
  assert.match(text, /123kB<\/span>\s*<code title="sha256:[0-9a-f]{64}">RUN apt-get install &lt;b&gt;bold/);
  assert.match(text, /–<\/span>\s*<code title="">CMD \[&quot;x&quot;\]/);
  assert.match(text, /7.89kB<\/span>\s*<code[^>]*>COPY &quot;&gt;&lt;script&gt;/);
  assert.match((await page('/r/team/app:multi')).text, /<h2>linux\/arm\/v7<\/h2>/);
});

test('nothing pushed or asked for becomes markup, and a page may run its own script alone', async () => {
  const attack = encodeURIComponent('"><script>alert(1)</script>');
  for (const path of ['/', `/?q=${attack}`, '/r/team/app', '/r/team/app:1.0', '/r/team/app:multi']) {
    const { text, headers } = await page(path);
    assert.doesNotMatch(text.replace(copyScript.text, ''), /<script|<img|<b>/, path);
    assert.ok(headers['content-security-policy']?.includes(`script-src ${copyScriptHash};`));
    assert.match(headers['content-security-policy']?.toString() ?? '', /default-src 'none'/);
  }
});

test('it fits a phone', async () => {
  assert.match(
    (await page('/')).text,
    /<meta name="viewport" content="width=device-width, initial-scale=1">/,
  );
  const style = await page('/style.css');
  assert.equal(style.headers['content-type'], 'text/css; charset=utf-8');
});

test('what is not there', async () => {
  for (const path of ['/r/nobody', '/r/team/app:none', `/r/team/app@sha256:${'0'.repeat(64)}`, '/nothing']) {
    assert.equal((await page(path)).status, 404, path);
  }
  for (const path of ['/r/../x', '/r/team/app:..%2f', '/r/team/app@x']) {
    assert.ok([400, 404].includes((await page(path)).status), path);
  }
});
