// Detach keys: how they are written, and that all else goes through unchanged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachWatch, parseDetachKeys } from '#api/streams/detach-keys.ts';

test('keys are letters and controls', () => {
  assert.deepEqual([...parseDetachKeys(undefined)], [16, 17]);
  assert.deepEqual([...parseDetachKeys('ctrl-a,x,ctrl-\\')], [1, 'x'.charCodeAt(0), 28]);
  assert.throws(() => parseDetachKeys('ctrl-'), /Invalid detach keys \(ctrl-\) provided/);
});

test('bytes that only began the keys are passed on once that is clear', () => {
  const watch = new DetachWatch(Uint8Array.of(16, 17));
  const push = (...bytes: number[]): [number[], boolean] => {
    const { pass, detached } = watch.push(Buffer.from(bytes));
    return [[...pass], detached];
  };
  assert.deepEqual(push(1, 2), [[1, 2], false]);
  assert.deepEqual(push(3, 16), [[3], false]);
  assert.deepEqual(push(4), [[16, 4], false]);
  assert.deepEqual(push(16, 16), [[16], false]);
  assert.deepEqual(push(17, 9), [[], true]);
});
