// Byte amounts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import { formatBytesBinary, formatBytesDecimal, parseBytes } from './size.ts';

test('what users write', () => {
  assert.equal(parseBytes('10m'), 10 * 2 ** 20);
  assert.equal(parseBytes('1.5G'), 1.5 * 2 ** 30);
  assert.equal(parseBytes('64KiB'), 65_536);
  assert.equal(parseBytes('32 kb'), 32_768);
  assert.equal(parseBytes('7b'), 7);
  assert.equal(parseBytes('7'), 7);
  for (const text of ['', 'm', '-1', '1x', '1 2', '1e3', '9999999p', '1..2'])
    assert.throws(() => parseBytes(text), /invalid size/);
});

test('what tables show', () => {
  assert.equal(formatBytesDecimal(0), '0B');
  assert.equal(formatBytesDecimal(999), '999B');
  assert.equal(formatBytesDecimal(12_345_678), '12.3MB');
  assert.equal(formatBytesDecimal(4_000_000), '4MB');
  assert.equal(formatBytesDecimal(1_260_000_000), '1.26GB');
  assert.equal(formatBytesBinary(1.5 * 2 ** 20), '1.5MiB');
  assert.equal(formatBytesBinary(1023 * 2 ** 20), '1023MiB');
});

test('a formatted size is read back to within its digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (bytes) => {
      const back = parseBytes(formatBytesBinary(bytes, 16));
      assert.ok(Math.abs(back - bytes) <= 1, `${bytes} ${back}`);
    }),
  );
});

test('only invalid is thrown', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        assert.ok(parseBytes(text) >= 0);
      } catch (thrown) {
        assert.ok(isKind(thrown, 'invalid'));
      }
    }),
  );
});
