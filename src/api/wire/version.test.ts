// Versions in paths, and image names as one segment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeImageName, stripVersion } from '#api/wire/version.ts';

test('a spoken version is taken off the path', () => {
  assert.equal(stripVersion('/v1.40/info?x=1'), '/info?x=1');
  assert.equal(stripVersion('/info'), '/info');
  assert.equal(stripVersion('/volumes/v1.2'), '/volumes/v1.2');
  assert.throws(() => stripVersion('/v1.9/info'), /too old/);
  assert.throws(() => stripVersion('/v1.52/info'), /too new/);
  assert.throws(() => stripVersion('/v2.0/info'), /too new/);
});

test('slashes of an image name are escaped, verbs stay', () => {
  assert.equal(escapeImageName('GET', '/images/a/b:1/json?x=/'), '/images/a%2Fb:1/json?x=/');
  assert.equal(escapeImageName('DELETE', '/images/a/json'), '/images/a%2Fjson');
  assert.equal(escapeImageName('DELETE', '/images/a%2Fb'), '/images/a%2Fb');
  assert.equal(escapeImageName('GET', '/images/json'), '/images/json');
  assert.equal(escapeImageName('GET', '/images/a/json'), '/images/a/json');
});
