// The schedule: order, side by side, failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { doInOrder } from '#compose/execute/schedule.ts';

test('a step begins when those before it are done, and never twice', async () => {
  const plans = fc
    .array(fc.array(fc.nat(20), { maxLength: 3 }), { maxLength: 20 })
    .map((rows) =>
      rows.map((before, at) => ({ id: String(at), after: before.filter((other) => other < at).map(String) })),
    );
  await fc.assert(
    fc.asyncProperty(plans, async (steps) => {
      const done: string[] = [];
      await doInOrder(steps, async ({ id, after }) => {
        assert.ok(after.every((other) => done.includes(other)));
        await Promise.resolve();
        done.push(id);
      });
      assert.equal(new Set(done).size, steps.length);
      assert.equal(done.length, steps.length);
    }),
  );
});

test('steps that need nothing of each other run side by side', async () => {
  let running = 0;
  let most = 0;
  const steps = ['a', 'b', 'c'].map((id) => ({ id, after: [] }));
  await doInOrder(steps, async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  assert.equal(most, 3);
});

test('after a failure nothing further begins, and what is under way is awaited', async () => {
  const seen: string[] = [];
  const steps = [
    { id: 'bad', after: [] },
    { id: 'slow', after: [] },
    { id: 'next', after: ['bad'] },
  ];
  const attempt = doInOrder(steps, async ({ id }) => {
    if (id === 'bad') throw new Error('no');
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push(id);
  });
  await assert.rejects(attempt, /no/);
  assert.deepEqual(seen, ['slow']);
});
