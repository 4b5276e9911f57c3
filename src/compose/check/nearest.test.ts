// The nearest word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestWord } from '#compose/check/nearest.ts';

test('slips of the hand find their word', () => {
  const words = ['image', 'ports', 'volumes', 'env_file', 'depends_on'];
  assert.equal(nearestWord('iamge', words), 'image');
  assert.equal(nearestWord('port', words), 'ports');
  assert.equal(nearestWord('ENV-FILE', words), 'env_file');
  assert.equal(nearestWord('dependson', words), 'depends_on');
  assert.equal(nearestWord('zebra', words), undefined);
});

test('distances', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('abc', 'abc'), 0);
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});
