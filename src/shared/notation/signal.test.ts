// Signals by name and number.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignal, signalName } from './signal.ts';

test('names and numbers', () => {
  assert.equal(parseSignal('SIGTERM'), 15);
  assert.equal(parseSignal('term'), 15);
  assert.equal(parseSignal('9'), 9);
  assert.equal(parseSignal('SIGRTMIN+3'), 37);
  assert.equal(parseSignal('RTMAX-1'), 63);
  assert.equal(parseSignal('sigpoll'), 29);
  for (const text of ['', '0', '65', 'SIGFOO', '-1', 'RTMIN-1', 'RTMAX+1', 'RTMIN+99', 'constructor']) {
    assert.throws(() => parseSignal(text), /invalid signal: /, text);
  }
});

test('every number has a name that is read back', () => {
  for (let number = 1; number <= 64; number += 1) {
    if (number !== 32 && number !== 33) assert.equal(parseSignal(signalName(number)), number);
  }
});
