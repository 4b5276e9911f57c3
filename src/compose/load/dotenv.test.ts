// Properties of the .env reader.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDotenv } from '#compose/load/dotenv.ts';
import { EngineError } from '#shared/errors.ts';

const parse = (text: string) => Object.fromEntries(parseDotenv(text, '.env', () => undefined));
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/).filter((text) => text !== 'export');

test('values in double quotes come back, whatever they hold', () => {
  const quote = (value: string) =>
    `"${value
      .replace(/[\\"$]/g, '\\$&')
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')}"`;
  fc.assert(
    fc.property(fc.dictionary(name, fc.string()), (values) => {
      const text = Object.entries(values)
        .map(([key, value]) => `${key}=${quote(value)}`)
        .join('\n');
      assert.deepEqual({ ...parse(text) }, { ...values });
    }),
  );
});

test('no text throws anything but invalid, and none hangs', () => {
  const noise = fc
    .array(fc.constantFrom('A', '=', '"', "'", '\\', '\n', ' ', '#', '$', '{', '}', 'export ', ':'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(noise, (text) => {
      try {
        parse(text);
      } catch (thrown) {
        assert.ok(thrown instanceof EngineError && thrown.kind === 'invalid', String(thrown));
      }
    }),
  );
});

test('a file with Windows line ends and a byte order mark', () => {
  assert.deepEqual(parse('\uFEFFA=1\r\nB="2"\r\n'), { A: '1', B: '2' });
});

test('a name alone takes its value from outside', () => {
  const lookup = (wanted: string) => (wanted === 'A' ? 'shell' : undefined);
  assert.deepEqual([...parseDotenv('A\nB\n', '.env', lookup)], [['A', 'shell']]);
});
