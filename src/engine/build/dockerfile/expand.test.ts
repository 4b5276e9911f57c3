// Variable expansion against what a shell says, and that no text makes it hang or throw anything unexpected.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SyntaxProblem } from './errors.ts';
import { expandText, expandWord, expandWords } from './expand.ts';

const values: Record<string, string> = { a: 'A', empty: '', two: 'x  y', path: '/usr/lib/lib.so.1' };
const scope = { lookup: (name: string): string | undefined => values[name], escape: '\\' };

const cases: [string, string][] = [
  ['$a', 'A'],
  ['${a}b', 'Ab'],
  ['$ab', ''],
  ['x$', 'x$'],
  ['\\$a', '$a'],
  ["'$a'", '$a'],
  ['"$a b"', 'A b'],
  ['"\\"\\n"', '"\\n'],
  ['a\\ b', 'a b'],
  ['${none:-d}', 'd'],
  ['${empty:-d}', 'd'],
  ['${empty-d}', ''],
  ['${none-d$a}', 'dA'],
  ['${none:-${none:-deep}}', 'deep'],
  ['${a:+alt}', 'alt'],
  ['${empty:+alt}', ''],
  ['${empty+alt}', 'alt'],
  ['${a:?no}', 'A'],
  ['${path#*/}', 'usr/lib/lib.so.1'],
  ['${path##*/}', 'lib.so.1'],
  ['${path%.*}', '/usr/lib/lib.so'],
  ['${path%%.*}', '/usr/lib/lib'],
  ['${path/lib/x}', '/usr/x/lib.so.1'],
  ['${path//lib/x}', '/usr/x/x.so.1'],
  ['${path//lib}', '/usr//.so.1'],
  ['$1x', 'x'],
];
for (const [text, expected] of cases) {
  test(`${text} → ${expected}`, () => assert.equal(expandWord(text, scope), expected));
}

test('words split at blanks of values, not at quoted ones', () => {
  assert.deepEqual(expandWords('$two "$two" a\\ b \'\' $empty', scope), ['x', 'y', 'x  y', 'a b', '']);
});

test('heredoc text keeps quotes', () => {
  assert.equal(expandText('"$a" \'$a\' \\$a', scope), '"A" \'A\' $a');
});

test('the required forms and broken ones throw', () => {
  assert.throws(() => expandWord('${none:?is needed}', scope), /none: is needed/);
  assert.throws(() => expandWord('${empty:?}', scope), /empty: variable is not set or is empty/);
  assert.throws(() => expandWord('${a', scope), /missing }|unexpected/);
  assert.throws(() => expandWord('${}', scope), /bad substitution/);
  assert.throws(() => expandWord('${a~b}', scope), /unsupported modifier \(~\)/);
  assert.throws(() => expandWord('"a', scope), /double-quote/);
  assert.throws(() => expandWord("'a", scope), /single-quote/);
});

test('property: text without special characters is unchanged, and single-quoting protects any other', () => {
  const plain = fc.string().filter((text) => !/['"\\$]/.test(text));
  fc.assert(fc.property(plain, (text) => assert.equal(expandWord(text, scope), text)));
  const unquoted = fc.string().filter((text) => !text.includes("'"));
  fc.assert(fc.property(unquoted, (text) => assert.equal(expandWord(`'${text}'`, scope), text)));
});

test('property: no text hangs or throws anything but a syntax problem', () => {
  const piece = fc.constantFrom(
    '$',
    '{',
    '}',
    ':-',
    ':+',
    '#',
    '%',
    '/',
    '*',
    '"',
    "'",
    '\\',
    'a',
    'none',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      for (const expand of [expandWord, expandWords, expandText]) {
        try {
          expand(pieces.join(''), scope);
        } catch (thrown) {
          assert.ok(thrown instanceof SyntaxProblem, String(thrown));
        }
      }
    }),
    { numRuns: 1000 },
  );
});
