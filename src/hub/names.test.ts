// The grammar of names: what the specification allows, and every way out of a folder refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HubFailure } from './failures.ts';
import { isRepositoryName, isTag, parseBlobDigest, parseRepositoryName, parseTarget } from './names.ts';

const digest = `sha256:${'0f'.repeat(32)}`;

test('names of the specification', () => {
  for (const name of ['a', 'library/python', 'a/b/c', 'a.b/c_d/e__f/g---h', '0', 'blobs/uploads', 'v2']) {
    assert.ok(isRepositoryName(name), name);
  }
  const bad = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '..',
    'a/../b',
    '.a',
    'a.',
    'A',
    'a___b',
    'a..b',
    'a b',
    'é',
    'a\n',
  ];
  for (const name of [...bad, 'a\0', 'a%2fb', 'a:b', 'a'.repeat(256)])
    assert.ok(!isRepositoryName(name), name);
});

test('tags and digests', () => {
  for (const tag of ['latest', '_', '3.12-slim', 'A_b', 'x'.repeat(128)]) assert.ok(isTag(tag), tag);
  for (const tag of ['', '.a', '-a', 'a/b', 'a b', 'x'.repeat(129), 'a\n']) assert.ok(!isTag(tag), tag);
  assert.deepEqual(parseTarget('latest'), { tag: 'latest' });
  assert.deepEqual(parseTarget(digest), { digest });
  assert.throws(() => parseBlobDigest('sha256:12'), /invalid digest/);
  assert.throws(() => parseBlobDigest(null), /invalid digest/);
  assert.equal(parseBlobDigest(`sha512:${'a'.repeat(128)}`), `sha512:${'a'.repeat(128)}`);
  for (const wrong of [`sha512:${'a'.repeat(64)}`, `sha256:${'a'.repeat(128)}`, `sha384:${'a'.repeat(96)}`])
    assert.throws(() => parseBlobDigest(wrong), /invalid digest/, wrong);
  assert.throws(() => parseBlobDigest(`sha256:${'../'.repeat(21)}a`), /invalid digest/);
});

test('no text throws anything but a refusal, and a long one is refused at once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const parse of [parseRepositoryName, parseTarget, parseBlobDigest]) {
        try {
          parse(text);
        } catch (thrown) {
          assert.ok(thrown instanceof HubFailure && thrown.status === 400);
        }
      }
    }),
  );
  const started = performance.now();
  assert.ok(!isRepositoryName(`${'a-'.repeat(200_000)}`));
  assert.ok(!isRepositoryName(`a${'-'.repeat(253)}!`));
  assert.ok(performance.now() - started < 100);
});
