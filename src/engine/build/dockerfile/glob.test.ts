// Path patterns, against Go's documented behaviour of filepath.Match.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SyntaxProblem } from './errors.ts';
import { compilePattern, isPattern, matchPath } from './glob.ts';

const cases: [string, string, boolean][] = [
  ['abc', 'abc', true],
  ['*', 'abc', true],
  ['*c', 'abc', true],
  ['a*', 'ab/c', false],
  ['a*/b', 'abc/b', true],
  ['a*/b', 'a/c/b', false],
  ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
  ['a?c', 'a/c', false],
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[^c]', 'abc', false],
  ['ab[^b-d]', 'abe', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['[\\]a]', ']', true],
  ['[\\-x]', '-', true],
  ['*.txt', '.txt', true],
  ['?', 'ab', false],
];
for (const [pattern, name, expected] of cases) {
  test(`${pattern} ${expected ? 'matches' : 'does not match'} ${name}`, () => {
    assert.equal(matchPath(pattern, name), expected);
  });
}

test('bad patterns', () => {
  for (const pattern of ['[', '[]a]', '[-]', '[a-]', 'a[', '\\', '[^]']) {
    assert.throws(() => compilePattern(pattern), SyntaxProblem, pattern);
  }
});

test('property: an escaped text matches itself and no pattern hangs', () => {
  const name = fc.string().filter((text) => !text.includes('/'));
  fc.assert(fc.property(name, (text) => assert.ok(matchPath(text.replace(/[*?[\\]/g, '\\$&'), text))));
  fc.assert(fc.property(name, (text) => assert.ok(isPattern(text) || matchPath(text, text))));
});
