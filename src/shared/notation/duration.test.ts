// Spans and moments.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import { formatDuration, humanDuration, parseDuration, parseTimestamp } from './duration.ts';

test('Go durations', () => {
  assert.equal(parseDuration('1m30s'), 90e9);
  assert.equal(parseDuration('1.5h'), 5400e9);
  assert.equal(parseDuration('250ms'), 250e6);
  assert.equal(parseDuration('-2s'), -2e9);
  assert.equal(parseDuration('.5s'), 5e8);
  assert.equal(parseDuration('0'), 0);
  assert.throws(() => parseDuration('10'), /missing unit in duration "10"/);
  assert.throws(() => parseDuration('1y'), /unknown unit "y"/);
  for (const text of ['', 'x', '1m 2s', 's', '--1s'])
    assert.throws(() => parseDuration(text), /invalid duration/);
  assert.equal(formatDuration(90e9), '1m30s');
  assert.equal(formatDuration(3600e9), '1h0m0s');
  assert.equal(formatDuration(1.5e9), '1.5s');
  assert.equal(formatDuration(100e6), '100ms');
});

test('format and parse are each other’s inverse', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), (nanos) => {
      assert.equal(parseDuration(formatDuration(nanos)), nanos);
    }),
  );
});

test('words for spans', () => {
  const words: [number, string][] = [
    [0.5, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [120, '2 minutes'],
    [3600, 'About an hour'],
    [7200, '2 hours'],
    [3 * 86_400, '3 days'],
    [21 * 86_400, '3 weeks'],
    [90 * 86_400, '3 months'],
    [3 * 365 * 86_400, '3 years'],
  ];
  for (const [seconds, text] of words) assert.equal(humanDuration(seconds), text);
});

test('moments', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.deepEqual(parseTimestamp('1700000000.000000123', now), { seconds: 1_700_000_000, nanos: 123 });
  assert.deepEqual(parseTimestamp('10m', now), { seconds: now / 1000 - 600, nanos: 0 });
  assert.deepEqual(parseTimestamp('2026-01-01T00:00:00.5Z', now), {
    seconds: now / 1000,
    nanos: 500_000_000,
  });
  assert.deepEqual(parseTimestamp('2026-01-01T01:00:00+01:00', now), { seconds: now / 1000, nanos: 0 });
  assert.equal(parseTimestamp('2026-01-01', now).nanos, 0);
  assert.throws(() => parseTimestamp('yesterday', now), /invalid value for time: "yesterday"/);
  assert.throws(() => parseTimestamp('2026-13-40', now), /invalid value/);
});

test('only invalid is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-zTZ.:+-]{0,40}$/)), (text) => {
      for (const parse of [parseDuration, (each: string) => parseTimestamp(each, 0)]) {
        try {
          parse(text);
        } catch (thrown) {
          assert.ok(isKind(thrown, 'invalid'), String(thrown));
        }
      }
    }),
  );
});
