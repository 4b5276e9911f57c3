// Paths to end-points, and names that would like to be something else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRoute } from './route.ts';

test('each end-point', () => {
  assert.deepEqual(findRoute('/v2/'), { kind: 'base' });
  assert.deepEqual(findRoute('/v2/_catalog'), { kind: 'catalog' });
  assert.deepEqual(findRoute('/v2/a/b/tags/list'), { kind: 'tags', repository: 'a/b' });
  assert.deepEqual(findRoute('/v2/a/blobs/uploads/'), { kind: 'uploads', repository: 'a' });
  const upload = { kind: 'upload', repository: 'a', target: 'x' };
  assert.deepEqual(findRoute('/v2/a/blobs/uploads/x'), upload);
  assert.deepEqual(findRoute('/v2/a/blobs/sha256:x'), { kind: 'blob', repository: 'a', target: 'sha256:x' });
  assert.deepEqual(findRoute('/v2/a/manifests/1'), { kind: 'manifest', repository: 'a', target: '1' });
  assert.deepEqual(findRoute('/v2/a/referrers/d'), { kind: 'referrers', repository: 'a', target: 'd' });
  assert.equal(findRoute('/v2/a'), undefined);
  assert.equal(findRoute('/v1/a/tags/list'), undefined);
});

test('names with words of end-points in them', () => {
  const nested = findRoute('/v2/blobs/uploads/manifests/tags/list');
  assert.deepEqual(nested, { kind: 'tags', repository: 'blobs/uploads/manifests' });
  assert.deepEqual(findRoute('/v2/a/tags/manifests/list'), {
    kind: 'manifest',
    repository: 'a/tags',
    target: 'list',
  });
});

test('no name leads out of its folder', () => {
  for (const path of [
    '/v2/../a/tags/list',
    '/v2/a/../../b/manifests/x',
    '/v2/a\0/tags/list',
    '/v2/A/tags/list',
  ]) {
    assert.throws(() => findRoute(path), { code: 'NAME_INVALID' }, path);
  }
});
