// Names of build steps, their paths and ranges.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatStepName, parseStepName, parseStepPath, parseStepRange } from './build-step.ts';

test('names come back as they were written', () => {
  for (const text of ['@7', 'app@7', 'host:5000/app:1.0@12', '@failed', '3f2ac1@failed'])
    assert.equal(formatStepName(parseStepName(text)), text);
  assert.deepEqual(parseStepName('app:1@7'), { build: 'app:1', step: 7 });
});

test('paths, and what is no step', () => {
  assert.deepEqual(parseStepPath('@7:/app'), { name: { step: 7 }, path: '/app' });
  assert.deepEqual(parseStepPath('a:1@7'), { name: { build: 'a:1', step: 7 }, path: '/' });
  assert.equal(parseStepPath('app:1.0'), undefined);
  assert.equal(parseStepPath('app@sha256:00'), undefined);
});

test('ranges', () => {
  assert.deepEqual(parseStepRange('@3..@7'), { from: { step: 3 }, to: { step: 7 } });
  assert.deepEqual(parseStepRange('app@3..7'), {
    from: { build: 'app', step: 3 },
    to: { build: 'app', step: 7 },
  });
  assert.deepEqual(parseStepRange('a@3..b@7').to, { build: 'b', step: 7 });
  assert.deepEqual(parseStepRange('@7'), { to: { step: 7 } });
});

test('anything else is refused', () => {
  for (const text of ['', '7', '@', '@x', '@-1', '@1234567'])
    assert.throws(() => parseStepName(text), /invalid name/);
  assert.throws(() => parseStepRange('@3..'), /invalid name/);
});
