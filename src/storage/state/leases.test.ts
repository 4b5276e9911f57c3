// Leases: who uses what, both ways round, durable and transactional.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openLeases } from './leases.ts';
import { openState } from './state.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-leases-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('leases are held, listed both ways, and released', async () => {
  const file = join(root, 'leases.db');
  {
    await using state = openState(file);
    const leases = openLeases(state);
    leases.hold('image:1', 'container:b');
    leases.hold('image:1', 'container:a');
    leases.hold('image:1', 'container:a');
    leases.hold('volume:v', 'container:a');
  }
  await using state = openState(file);
  const leases = openLeases(state);
  assert.deepEqual(leases.holders('image:1'), ['container:a', 'container:b']);
  assert.deepEqual(leases.heldBy('container:a'), ['image:1', 'volume:v']);
  leases.release('container:a', 'volume:v');
  assert.equal(leases.anyHolder('volume:v'), false);
  leases.release('container:a');
  assert.deepEqual(leases.holders('image:1'), ['container:b']);
  assert.deepEqual(leases.heldBy('container:a'), []);
});

test('a lease taken in a transaction that fails is not held', async () => {
  await using state = openState(join(root, 'tx.db'));
  const leases = openLeases(state);
  assert.throws(() =>
    state.transaction(() => {
      leases.hold('image:1', 'container:a');
      throw new Error('stop');
    }),
  );
  assert.equal(leases.anyHolder('image:1'), false);
});
