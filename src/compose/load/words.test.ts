// Command lines: known splits, and properties.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinWords, splitWords } from '#compose/load/words.ts';
import { EngineError } from '#shared/errors.ts';

const known: [string, string[]][] = [
  ['', []],
  ['  a  b\tc\n', ['a', 'b', 'c']],
  [`sh -c "echo 'x'"`, ['sh', '-c', "echo 'x'"]],
  [`a"b"'c'd`, ['abcd']],
  [`a '' ""`, ['a', '', '']],
  [String.raw`grep -E '\d+' f`, ['grep', '-E', String.raw`\d+`, 'f']],
  [String.raw`a\ b "c\"d" "e\f"`, ['a b', 'c"d', String.raw`e\f`]],
  ['a && b | c', ['a', '&&', 'b', '|', 'c']],
  ['a \\\n b', ['a', 'b']],
];

test('known command lines', () => {
  for (const [line, words] of known) assert.deepEqual(splitWords(line), words, line);
});

test('joined words come back', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => assert.deepEqual(splitWords(joinWords(words)), words)),
  );
});

test('no line throws anything but invalid', () => {
  const noise = fc.array(fc.constantFrom('"', "'", '\\', ' ', 'a', '$', '\n')).map((parts) => parts.join(''));
  fc.assert(
    fc.property(noise, (line) => {
      try {
        splitWords(line);
      } catch (thrown) {
        assert.ok(thrown instanceof EngineError && thrown.kind === 'invalid');
      }
    }),
  );
});
