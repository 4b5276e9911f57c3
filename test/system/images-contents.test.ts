// What is in an image: its layers with what each changed, its files, and the difference of two images.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { pack } from 'tar-stream';
import { isKind } from '#shared/errors.ts';
import { archiveOf, type ImageHost, makeImage, openHost, scratch } from './images-fixture.ts';

const place = scratch();
let host: ImageHost;

before(async () => {
  host = await openHost(join(place.dir, 'host'));
  const base = { files: { 'etc/one': '1', 'etc/gone': 'x', 'usr/lib/a': 'a' } };
  const load = async (name: string, layers: Parameters<typeof makeImage>[0]) =>
    host.images.load(Readable.from([await archiveOf(await makeImage(layers), name)]));
  await load('first:1', [base, { files: { 'etc/one': '11', 'etc/new': 'n', 'etc/.wh.gone': '' } }]);
  await load('second:1', [base, { files: { 'usr/lib/a': 'b', 'usr/bin/b': 'b' } }]);
});

after(async () => {
  await host?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

test('layers tell the step that made them, what they changed, and who shares them', async () => {
  const layers = await host.images.layers('first:1');
  const told = layers.map(({ CreatedBy, Added, Changed, Removed, SharedWith }) => ({
    CreatedBy,
    counts: [Added, Changed, Removed],
    SharedWith,
  }));
  assert.deepEqual(told, [
    { CreatedBy: 'layer 0', counts: [3, 0, 0], SharedWith: ['second:1'] },
    { CreatedBy: 'layer 1', counts: [1, 1, 1], SharedWith: [] },
  ]);
});

test('files are those that a container sees, each with the layer it is from', async () => {
  const files = await host.images.files('first:1');
  assert.deepEqual(
    files.map(({ Path, Layer, Type }) => `${Path} ${Layer} ${Type}`),
    [
      '/etc 2 directory',
      '/etc/new 2 file',
      '/etc/one 2 file',
      '/usr 1 directory',
      '/usr/lib 1 directory',
      '/usr/lib/a 1 file',
    ],
  );
  const below = await host.images.files('first:1', 'usr/lib/');
  assert.deepEqual(
    below.map(({ Path }) => Path),
    ['/usr/lib', '/usr/lib/a'],
  );
  assert.equal(below[1]?.Size, 1);
  await assert.rejects(host.images.files('first:1', '/etc/gone'), (thrown) => isKind(thrown, 'not-found'));
  await assert.rejects(host.images.files('none:1'), (thrown) => isKind(thrown, 'not-found'));
});

test('the difference of two images, in both directions', async () => {
  const differences = await host.images.diff('first:1', 'second:1');
  assert.deepEqual(differences, [
    { Path: '/etc/gone', Kind: 'added', SizeAfter: 1 },
    { Path: '/etc/new', Kind: 'removed', SizeBefore: 1 },
    { Path: '/etc/one', Kind: 'changed', What: ['content'], SizeBefore: 2, SizeAfter: 1 },
    { Path: '/usr/bin', Kind: 'added' },
    { Path: '/usr/bin/b', Kind: 'added', SizeAfter: 1 },
    { Path: '/usr/lib/a', Kind: 'changed', What: ['content'], SizeBefore: 1, SizeAfter: 1 },
  ]);
  const back = await host.images.diff('second:1', 'first:1');
  assert.deepEqual(
    back.map(({ Path, Kind }) => `${Kind} ${Path}`),
    [
      'removed /etc/gone',
      'added /etc/new',
      'changed /etc/one',
      'removed /usr/bin',
      'removed /usr/bin/b',
      'changed /usr/lib/a',
    ],
  );
  assert.deepEqual(await host.images.diff('first:1', 'first:1'), []);
});

test('modes, owners, types and link targets count; times do not', async () => {
  const both = await Promise.all(['left', 'right'].map(importOne));
  assert.notEqual(both[0]?.id, both[1]?.id);
  const differences = await host.images.diff('left:1', 'right:1');
  assert.deepEqual(
    differences.map(({ Path, What }) => `${Path} ${What?.join()}`),
    ['/kind type', '/link target', '/tool mode,owner'],
  );
});

async function importOne(name: string) {
  const left = name === 'left';
  const stream = pack();
  const chunks = buffer(stream);
  const mtime = new Date(left ? 0 : 1e12);
  stream.entry({ name: 'same', mtime }, 'same');
  stream.entry({ name: 'tool', mtime, mode: left ? 0o644 : 0o755, uid: left ? 0 : 5 }, 'tool');
  stream.entry({ name: 'link', mtime, type: 'symlink', linkname: left ? 'a' : 'b' });
  if (left) stream.entry({ name: 'kind', mtime }, 'k');
  else stream.entry({ name: 'kind', mtime, type: 'directory' });
  stream.finalize();
  return await host.images.importTree(Readable.from([await chunks]), { reference: `${name}:1` });
}

test('a symbolic link in a lower layer does not lead out of the image', async () => {
  const stream = pack();
  const chunks = buffer(stream);
  stream.entry({ name: 'etc', type: 'symlink', linkname: '/etc' });
  stream.finalize();
  await host.images.importTree(Readable.from([await chunks]), { reference: 'evil:1' });
  const files = await host.images.files('evil:1');
  assert.deepEqual(
    files.map(({ Path, LinkTarget }) => `${Path} ${LinkTarget}`),
    ['/etc /etc'],
  );
});
