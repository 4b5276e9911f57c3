// --chmod, octal and symbolic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChangeMode } from './change-mode.ts';

const cases: [string, number, boolean, number][] = [
  ['755', 0o644, false, 0o755],
  ['0600', 0o777, true, 0o600],
  ['4755', 0o644, false, 0o4755],
  ['u+x', 0o644, false, 0o744],
  ['+x', 0o644, false, 0o755],
  ['go-rwx', 0o755, false, 0o700],
  ['a=r', 0o755, false, 0o444],
  ['a=rX', 0o640, true, 0o555],
  ['a=rX', 0o640, false, 0o444],
  ['g=u,o=', 0o750, false, 0o770],
  ['u+s', 0o755, false, 0o4755],
  ['u=rw,g=r,o=r', 0o777, false, 0o644],
  ['u+w-x', 0o555, false, 0o655],
];
for (const [text, before, isDirectory, after] of cases) {
  test(`${text} of ${before.toString(8)}`, () => {
    assert.equal(parseChangeMode(text).of(before, isDirectory).toString(8), after.toString(8));
  });
}

test('what is no mode', () => {
  for (const text of ['', '9', '77777', 'u+q', 'x', 'u', 'rw'])
    assert.throws(() => parseChangeMode(text), /invalid chmod/);
});
