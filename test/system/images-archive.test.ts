// Save and load: what we save another program reads, what is damaged or hostile is refused whole.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { isKind } from '#shared/errors.ts';
import { archiveOf, digestOf, makeImage, openHost, scratch } from './images-fixture.ts';

const place = scratch();
after(() => place[Symbol.dispose]());

const hasSkopeo = (): boolean => existsSync('/usr/bin/skopeo');

test('save is read by load and by skopeo, in both formats', async (context) => {
  const made = await makeImage([{ files: { a: 'one' } }, { files: { b: 'two' }, as: 'plain' }]);
  const dir = join(place.dir, 'save');
  await using host = await openHost(dir);
  await host.images.load(Readable.from([await archiveOf(made, 'docker.io/library/app:1')]));
  host.images.tag('app:1', 'team/app:stable');
  const file = join(place.dir, 'saved.tar');
  await pipeline(host.images.save(['app:1', 'team/app']), createWriteStream(file));
  const lines: string[] = [];
  await using other = await openHost(join(place.dir, 'other'));
  const read = execFileSync('cat', [file], { maxBuffer: 1 << 26 });
  const [image] = await other.images.load(Readable.from([gzipSync(read)]), {
    onProgress: ({ stream }) => void (stream !== undefined && lines.push(stream)),
  });
  assert.equal(image?.id, digestOf(made.config));
  assert.deepEqual(lines, ['Loaded image: app:1\n', 'Loaded image: team/app:stable\n']);
  const again = await buffer(other.images.save(['app:1', 'team/app']));
  assert.deepEqual(digestOf(again), digestOf(read));
  if (!hasSkopeo()) return context.skip('skopeo is not installed');
  for (const from of [`docker-archive:${file}`, `oci-archive:${file}:stable`]) {
    const to = join(place.dir, from.slice(0, 6));
    execFileSync('skopeo', ['copy', '--insecure-policy', '-q', from, `dir:${to}`]);
    assert.ok(existsSync(join(to, digestOf(made.config).slice(7))), from);
  }
  execFileSync('skopeo', [
    'copy',
    '--insecure-policy',
    '-q',
    `docker-archive:${file}:app:1`,
    `docker-archive:${file}.legacy:old:3`,
  ]);
  const legacy = await host.images.load(
    Readable.from([execFileSync('cat', [`${file}.legacy`], { maxBuffer: 1 << 26 })]),
  );
  assert.deepEqual(legacy[0]?.config.rootfs.diff_ids, image?.config.rootfs.diff_ids);
});

type Entry = { name: string; type?: 'file' | 'symlink'; linkname?: string; text?: string | Buffer };

async function tar(entries: Entry[]): Promise<Readable> {
  const stream = pack();
  const read = buffer(stream);
  for (const { text, ...header } of entries) stream.entry(header, text ?? '');
  stream.finalize();
  return Readable.from([await read]);
}

test('a bad archive is refused and nothing of it stays', async () => {
  await using host = await openHost(join(place.dir, 'bad'));
  const made = await makeImage([{ files: { a: 'one' } }]);
  const [layer] = made.layers;
  assert.ok(layer);
  const manifest = (config: string, layers: string[]) =>
    JSON.stringify([{ Config: config, RepoTags: ['x:1'], Layers: layers }]);
  const config = { name: 'c.json', text: made.config };
  const bad: [RegExp, Entry[]][] = [
    [/leads out of it/, [{ name: '../../etc/passwd', text: 'x' }]],
    [/leads out of it/, [{ name: '/etc/passwd', text: 'x' }]],
    [/leads out of it/, [{ name: 'l', type: 'symlink', linkname: '../../etc/passwd' }]],
    [/neither a manifest.json nor an index.json/, [{ name: 'x', text: 'x' }]],
    [/manifest.json is not JSON/, [{ name: 'manifest.json', text: '{' }]],
    [/wrong shape/, [{ name: 'manifest.json', text: '[{"Config":3}]' }]],
    [/has no file "l.tar"/, [config, { name: 'manifest.json', text: manifest('c.json', ['l.tar']) }]],
    [/0 layers, but 1 diff_ids/, [config, { name: 'manifest.json', text: manifest('c.json', []) }]],
    [
      /mismatch|says sha256/,
      [
        config,
        { name: 'l.tar', text: gzipSync('no tar') },
        { name: 'manifest.json', text: manifest('c.json', ['l.tar']) },
      ],
    ],
    [/expected|digest/, [{ name: `blobs/sha256/${'1'.repeat(64)}`, text: 'other bytes' }]],
  ];
  for (const [pattern, entries] of bad) {
    await assert.rejects(host.images.load(await tar(entries)), (thrown: Error) => {
      assert.ok(isKind(thrown, 'invalid'), String(thrown.stack));
      if (!pattern.source.startsWith('mismatch')) assert.match(thrown.message, pattern);
      return true;
    });
  }
  await assert.rejects(host.images.load(Readable.from([Buffer.alloc(5000, 'no tar at all')])), (thrown) =>
    isKind(thrown, 'invalid'),
  );
  assert.deepEqual(host.content.list(), []);
  assert.deepEqual(host.snapshots.layers(), []);
  assert.deepEqual(host.images.list(), []);
});

test('a save that nobody reads to its end, and a load that is cut off, leave no files', async () => {
  const dir = join(place.dir, 'cut');
  await using host = await openHost(dir);
  const files = { big: randomBytes(6_000_000).toString('hex') };
  const made = await makeImage([{ files, as: 'plain' }]);
  const archive = await archiveOf(made, 'docker.io/library/app:1');
  await assert.rejects(host.images.load(Readable.from([archive.subarray(0, 9_000_000)])), (thrown) =>
    isKind(thrown, 'invalid'),
  );
  await assert.rejects(
    host.images.load(Readable.from([gzipSync(archive).subarray(0, 3_000_000)])),
    (thrown) => isKind(thrown, 'invalid'),
  );
  assert.deepEqual(host.content.list(), []);
  await host.images.load(Readable.from([archive]));
  const saving = host.images.save(['app:1']);
  saving.once('data', () => saving.destroy());
  await new Promise((resolve) => saving.once('close', resolve));
  const left = () => readdirSync(dir).filter((name) => name.startsWith('wharf-'));
  for (let tries = 0; left().length > 0 && tries < 50; tries++) await sleep(20);
  assert.deepEqual(left(), []);
});
