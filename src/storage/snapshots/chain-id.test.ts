// Chain IDs as the specification computes them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Digest } from '#shared/oci/digest.ts';
import { chainIdOf } from './chain-id.ts';

test('the chain ID of one layer is its own, of more the hash of both', () => {
  const [a, b]: Digest[] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(chainIdOf([a]), a);
  const expected = createHash('sha256').update(`${a} ${b}`).digest('hex');
  assert.equal(chainIdOf([a, b]), `sha256:${expected}`);
  assert.throws(() => chainIdOf([]), /no layers/);
});
