// Push to and pull from a real registry: bytes, names, progress, what is shared and what is left when it fails.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import type { ProgressLine } from '#shared/contract/image.ts';
import { isKind } from '#shared/errors.ts';
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
let registry: RegistryServer;
let maker: ImageHost;
let made: MadeImage;

before(async () => {
  registry = await startRegistry(place.dir);
  maker = await openHost(join(place.dir, 'maker'));
  made = await makeImage([
    { files: { 'etc/one': 'first', 'etc/both': 'below' } },
    { files: { 'etc/two': 'second', 'etc/both': 'above' }, as: 'zstd' },
    { files: { 'etc/three': 'third' } },
  ]);
  await maker.images.load(Readable.from([await archiveOf(made, `${registry.host}/library/app:1`)]));
  await maker.images.push({ reference: `${registry.host}/library/app:1` });
});

after(async () => {
  await maker?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const name = () => `${registry.host}/library/app:1`;

test('what was pushed is what another client sees, with the manifest digest it had', () => {
  const seen = execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name()}`]);
  assert.equal(digestOf(seen), digestOf(made.manifest));
});

test('a pull through a mirror gives files, names, lines, and a second one finds it up to date', async () => {
  await using host = await openHost(join(place.dir, 'pull'), { mirrors: [`http://${registry.host}`] });
  const lines: ProgressLine[] = [];
  const image = await host.images.pull({ reference: 'app:1', onProgress: (line) => lines.push(line) });
  assert.equal(image.id, digestOf(made.config));
  assert.deepEqual(image.tags, ['app:1']);
  assert.deepEqual(image.repoDigests, [`app@${digestOf(made.manifest)}`]);
  const text = lines.map((line) => `${line.id ?? ''} ${line.status}`);
  assert.equal(text[0], '1 Pulling from library/app');
  assert.equal(text.at(-2), ` Digest: ${digestOf(made.manifest)}`);
  assert.equal(text.at(-1), ' Status: Downloaded newer image for app:1');
  for (const { bytes } of made.layers) {
    const mine = lines.filter((line) => line.id === digestOf(bytes).slice(7, 19)).map((line) => line.status);
    assert.equal(mine[0], 'Pulling fs layer');
    assert.equal(mine.at(-1), 'Pull complete');
    assert.ok(mine.indexOf('Verifying Checksum') < mine.indexOf('Download complete'), mine.join());
  }
  const [top] = host.snapshots.lowersOf(image.chainId);
  assert.equal(readFileSync(join(top ?? '', 'etc/three'), 'utf8'), 'third');
  const again: ProgressLine[] = [];
  await host.images.pull({ reference: 'app:1', onProgress: (line) => again.push(line) });
  assert.deepEqual(
    again.map((line) => line.status),
    [
      'Pulling from library/app',
      `Digest: ${digestOf(made.manifest)}`,
      'Status: Image is up to date for app:1',
    ],
  );
  assert.deepEqual(
    host.events.map((event) => event.action),
    ['pull', 'pull'],
  );
  assert.equal(host.images.resolve(`app@${digestOf(made.manifest)}`).id, image.id);
});

test('two pulls at once share the work; a layer that is there is not fetched again', async () => {
  await using host = await openHost(join(place.dir, 'share'));
  const counts = [0, 0];
  const pull = (who: 0 | 1) =>
    host.images.pull({
      reference: name(),
      onProgress: (line) => {
        if (line.status === 'Pull complete') counts[who] = (counts[who] ?? 0) + 1;
      },
    });
  const [one, two] = await Promise.all([pull(0), pull(1)]);
  assert.equal(one.id, two.id);
  assert.deepEqual(counts, [3, 3]);
  assert.deepEqual(
    host.events.map((event) => event.action),
    ['pull'],
  );
  const [first] = made.layers;
  assert.ok(first);
  const other = await makeImage([
    { files: { 'etc/one': 'first', 'etc/both': 'below' } },
    { files: { x: 'y' } },
  ]);
  assert.equal(other.layers[0]?.diffId, first.diffId);
  await maker.images.load(Readable.from([await archiveOf(other, `${registry.host}/library/other:1`)]));
  await maker.images.push({ reference: `${registry.host}/library/other:1` });
  const lines: string[] = [];
  await host.images.pull({
    reference: `${registry.host}/library/other:1`,
    onProgress: ({ id, status }) => lines.push(`${id} ${status}`),
  });
  assert.ok(lines.includes(`${digestOf(first.bytes).slice(7, 19)} Already exists`), lines.join('\n'));
});

test('an unknown tag, digest and repository; a cancelled pull leaves nothing', async () => {
  await using host = await openHost(join(place.dir, 'unknown'), { mirrors: [`http://${registry.host}`] });
  await assert.rejects(host.images.pull({ reference: `${registry.host}/library/app:9` }), (thrown: Error) => {
    assert.equal(
      thrown.message,
      `manifest for ${registry.host}/library/app:9 not found: manifest unknown: manifest unknown`,
    );
    return isKind(thrown, 'not-found');
  });
  await assert.rejects(
    host.images.pull({ reference: `${registry.host}/library/app@sha256:${'1'.repeat(64)}` }),
    /not found/,
  );
  const stop = new AbortController();
  const pulling = host.images.pull({
    reference: name(),
    signal: stop.signal,
    onProgress: (line) => line.status === 'Download complete' && stop.abort(),
  });
  await assert.rejects(pulling, (thrown) => isKind(thrown, 'cancelled'));
  assert.deepEqual(host.images.list(), []);
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
});

test('an image made here is packed, pushed, and comes back the same', async () => {
  const diff = await makeImage([{ files: { hello: 'world' }, as: 'plain' }]);
  const into = `${registry.host}/made/here:2`;
  const image = await maker.images.importTree(Readable.from(diff.layers.map(({ bytes }) => bytes)), {
    reference: into,
    changes: ['CMD ["hello"]', 'ENV A=1 B="two words"', 'EXPOSE 80', 'WORKDIR /srv'],
  });
  assert.deepEqual(image.config.config, {
    Cmd: ['hello'],
    Env: ['A=1', 'B=two words'],
    ExposedPorts: { '80/tcp': {} },
    WorkingDir: '/srv',
  });
  await maker.images.push({ reference: into });
  await using host = await openHost(join(place.dir, 'back'));
  assert.equal((await host.images.pull({ reference: into })).id, image.id);
});

test('every tag of a repository is pushed and pulled; what has none is told', async () => {
  const repository = `${registry.host}/many/app`;
  for (const tag of ['1', '2', 'latest']) maker.images.tag(name(), `${repository}:${tag}`);
  await maker.images.pushEveryTag({ reference: repository });
  await using host = await openHost(join(place.dir, 'many'));
  const pulled = await host.images.pullEveryTag({ reference: repository });
  assert.equal(pulled.length, 3);
  const tags = host.images.resolve(`${repository}:2`).tags;
  assert.deepEqual(
    tags,
    ['1', '2', 'latest'].map((tag) => `${repository}:${tag}`),
  );
  const none = `${registry.host}/many/none`;
  await assert.rejects(host.images.pullEveryTag({ reference: none }), (thrown) =>
    isKind(thrown, 'not-found'),
  );
  await assert.rejects(
    host.images.pushEveryTag({ reference: none }),
    new RegExp(`An image does not exist locally with the tag: ${none}`),
  );
});
