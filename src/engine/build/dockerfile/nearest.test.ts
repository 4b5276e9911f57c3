// The nearest known word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, editDistance, nearest } from './nearest.ts';

test('distance counts inserts, deletes, replaces and swaps', () => {
  assert.equal(editDistance('FORM', 'FROM'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('COPPY', 'COPY'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});

test('nothing near is nothing', () => {
  assert.equal(nearest('PYTHON', ['FROM', 'RUN', 'CMD']), undefined);
  assert.equal(nearest('EXPOES', ['FROM', 'EXPOSE']), 'EXPOSE');
  assert.equal(didYouMean('zzzz', ['from']), '');
  assert.equal(didYouMean('form', ['from'], '--'), ' (did you mean --from?)');
});
