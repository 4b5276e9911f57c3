// Names of archive entries: what they become, and which are refused.
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '#shared/errors.ts';
import { cleanName } from './entry-name.ts';

test('names become relative and plain', () => {
  const cases = {
    a: 'a',
    './a/': 'a',
    '/a//b': 'a/b',
    'a/./b/../c': 'a/c',
    '.': '',
    './': '',
    '/': '',
    'a..b/..c': 'a..b/..c',
  };
  for (const [name, clean] of Object.entries(cases)) assert.equal(cleanName(name), clean, name);
});

test('names that climb out are refused', () => {
  for (const name of ['..', '../a', 'a/../..', '/..', './../a'])
    assert.throws(() => cleanName(name), /leads outside/);
});

test('a clean name never leaves, stays as it is, and means the same', () => {
  const parts = fc.array(fc.constantFrom('a', 'b', '..', '.', '', '...', 'c.d'), { maxLength: 6 });
  fc.assert(
    fc.property(parts, (list) => {
      const name = list.join('/');
      try {
        const clean = cleanName(name);
        assert.equal(cleanName(clean), clean);
        assert.equal(posix.join('/', clean), posix.join('/', name).replace(/(.)\/$/, '$1'));
        assert.ok(!clean.split('/').includes('..'));
      } catch (thrown) {
        assert.ok(thrown instanceof EngineError, String(thrown));
      }
    }),
  );
});
