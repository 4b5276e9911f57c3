// Lines that came and went.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesChanged } from './lines.ts';

const changed = (before: string, after: string): string | undefined =>
  linesChanged(Buffer.from(before), Buffer.from(after));

test('added, removed, both, moved', () => {
  assert.equal(changed('a\n', 'a\nb\nc\nd\n'), '+3 lines');
  assert.equal(changed('a\nb', 'a\n'), '-1 line');
  assert.equal(changed('a\nb\n', 'a\nc\n'), '+1 -1 lines');
  assert.equal(changed('a\nb\n', 'b\na\n'), 'lines moved');
  assert.equal(changed('', 'a\n'), '+1 line');
  assert.equal(changed('x\nx\n', 'x\n'), '-1 line');
});

test('what is no text has no lines', () => {
  assert.equal(changed('a\0', 'b'), undefined);
});
