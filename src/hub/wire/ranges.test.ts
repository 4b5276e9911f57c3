// Ranges asked for and sent: what is in, what is out, what is passed over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatUploadRange, parseContentRange, parseRange } from './ranges.ts';

test('ranges of a blob of ten bytes', () => {
  assert.deepEqual(parseRange('bytes=0-3', 10), { start: 0, end: 4 });
  assert.deepEqual(parseRange('bytes=4-', 10), { start: 4, end: 10 });
  assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 10 });
  assert.deepEqual(parseRange('bytes=-30', 10), { start: 0, end: 10 });
  assert.deepEqual(parseRange('bytes=9-100', 10), { start: 9, end: 10 });
  for (const header of [undefined, '', 'bytes=-', 'lines=1-2', 'bytes=1-2,4-5', 'bytes=5-2', 'bytes=x-']) {
    assert.equal(parseRange(header, 10), undefined);
  }
  for (const header of ['bytes=10-', 'bytes=10-11', 'bytes=-0']) {
    assert.throws(() => parseRange(header, 10), { code: 'RANGE_INVALID', status: 416 });
  }
});

test('ranges of a chunk', () => {
  assert.deepEqual(parseContentRange('0-99'), { start: 0, end: 100 });
  assert.deepEqual(parseContentRange('bytes 5-9/20'), { start: 5, end: 10 });
  assert.equal(parseContentRange(undefined), undefined);
  for (const header of ['', '9-5', 'a-b', '-5', '5-', '1-2-3', '0-9999999999999999999']) {
    assert.throws(() => parseContentRange(header), { code: 'RANGE_INVALID' }, header);
  }
  assert.equal(formatUploadRange(0), '0-0');
  assert.equal(formatUploadRange(100), '0-99');
});
