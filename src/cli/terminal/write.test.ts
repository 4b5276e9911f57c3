// Many writers on one slow output wait together.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { Output } from '#cli/context.ts';
import { writeSlowly } from '#cli/terminal/write.ts';

test('twenty writers that wait are one listener, and all go on', async () => {
  const emitter = new EventEmitter();
  const output = Object.assign(emitter, { write: () => false }) as unknown as Output;
  const writes = Array.from({ length: 20 }, () => writeSlowly(output, 'x'));
  assert.equal(emitter.listenerCount('drain'), 1);
  emitter.emit('drain');
  await Promise.all(writes);
  const next = writeSlowly(output, 'y');
  assert.equal(emitter.listenerCount('drain'), 1);
  emitter.emit('drain');
  await next;
});
