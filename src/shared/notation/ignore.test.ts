// The rules of .dockerignore: each case is what Docker's own matcher makes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '../errors.ts';
import { ignoreRules, parseIgnore } from './ignore.ts';

const cases: [string, string[], string[]][] = [
  ['foo', ['foo', 'foo/deep/er'], ['Foo', 'xfoo', 'a/foo', 'food']],
  ['/foo\n./bar/', ['foo', 'bar', 'bar/x'], ['a/foo']],
  ['BUILD', ['BUILD/x'], ['build', 'build/x']],
  ['*.md', ['a.md', 'A.md'], ['a.MD', 'x/a.md', 'amd']],
  ['**/*.md', ['a.md', 'x/y/a.md'], ['a.mdx']],
  ['*', ['a', 'a/b', '.hidden'], []],
  ['*/b', ['a/b', 'a/b/c'], ['b', 'a/a/b']],
  ['**', ['a', 'a/b'], []],
  ['**/b', ['b', 'a/b', 'a/a/b', 'a/b/c'], ['ab', 'b2']],
  ['**b', ['b', 'ab', 'a/xb'], ['ba']],
  ['d**', ['d', 'de', 'd/e'], ['D', 'e']],
  ['a/**', ['a/b', 'a/b/c'], ['a', 'b/a']],
  ['a/**/z', ['a/z', 'a/b/c/z'], ['a', 'z', 'a/zz']],
  ['f?o', ['fao'], ['fo', 'f/o']],
  ['[fb]*', ['foo', 'bar'], ['car']],
  ['[^b]ar', ['car'], ['bar', '/ar']],
  ['[a-c]x', ['bx'], ['dx', '-x']],
  ['c++/\napp/(auth)\na{b}|c$', ['c++/x', 'app/(auth)/page', 'a{b}|c$'], ['c', 'ccc', 'app/auth']],
  ['\\*\n\\!x', ['*', '!x'], ['a', 'x']],
  ['# foo\n  # bar\nbaz', ['# bar', 'baz'], ['foo', 'bar', '# foo']],
  ['\uFEFFfoo\r\nbar\r\n\r\n', ['foo', 'bar'], ['']],
  ['  foo  \n\tbar', ['foo', 'bar'], []],
  ['*\n!keep\n! also', ['x'], ['keep', 'keep/y', 'also']],
  ['dd\n!dd/sub', ['dd', 'dd/a'], ['dd/sub', 'dd/sub/b']],
  ['dd\n!dd/sub\ndd/sub/b', ['dd/sub/b', 'dd/a'], ['dd/sub/c']],
  ['.\n/\n..', [], ['a', '.', '']],
  ['a//b/./c/../d', ['a/b/d'], ['a/b/c']],
];
for (const [text, left, kept] of cases)
  test(JSON.stringify(text), () => {
    const { excludes } = parseIgnore(text);
    assert.deepEqual(
      left.filter((path) => !excludes(path)),
      [],
    );
    assert.deepEqual(kept.filter(excludes), []);
  });

test('exceptions are known; without them nothing comes back', () => {
  assert.equal(parseIgnore('a\n!b').hasExceptions, true);
  assert.equal(parseIgnore('a\n#!b').hasExceptions, false);
});

test('what is no pattern is said', () => {
  assert.throws(() => parseIgnore('foo\n!\n'), /illegal exclusion pattern: "!"/);
  for (const text of ['[a-', 'x[', 'a\\', '[]', '[z-a]'])
    assert.throws(() => parseIgnore(text), /^EngineError: syntax error in pattern: /, text);
});

test('property: any pattern is one or is refused as invalid, and a quoted path is left out with all below it', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (pattern, path) => {
      try {
        ignoreRules([pattern]).excludes(path);
      } catch (thrown) {
        assert.ok(isKind(thrown, 'invalid'), String(thrown));
      }
    }),
  );
  const name = fc.stringMatching(/^[^\s/.!#\\][^/\\]*[^\s/\\]$/);
  fc.assert(
    fc.property(name, (path) => {
      const quoted = path.replace(/[*?[\]]/g, '\\$&');
      const { excludes } = ignoreRules([quoted]);
      assert.ok(excludes(path) && excludes(`${path}/below`) && !excludes(`other/${path}`));
    }),
  );
});
