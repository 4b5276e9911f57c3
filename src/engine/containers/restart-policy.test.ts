// When a restart policy tries again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RestartPolicy } from '#shared/contract/container.ts';
import { nextTry } from './restart-policy.ts';

const record = (
  RestartPolicy: RestartPolicy,
  fields: { stopRequested?: boolean; restartCount?: number } = {},
) => ({
  hostConfig: { RestartPolicy },
  stopRequested: false,
  restartCount: 0,
  ...fields,
});
const short = { ranMs: 50, backOffMs: 0 };

test('the back-off doubles to a minute, and begins anew after a good run', () => {
  const always = record({ Name: 'always' });
  assert.equal(nextTry(always, 0, short), 100);
  assert.equal(nextTry(always, 0, { ranMs: 50, backOffMs: 100 }), 200);
  assert.equal(nextTry(always, 0, { ranMs: 50, backOffMs: 51_200 }), 60_000);
  assert.equal(nextTry(always, 0, { ranMs: 10_000, backOffMs: 51_200 }), 100);
});

test('a stop that was asked for is kept', () => {
  assert.equal(nextTry(record({ Name: 'always' }, { stopRequested: true }), 0, short), undefined);
});

test('on-failure: only failures, and only so often', () => {
  const policy: RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 2 };
  assert.equal(nextTry(record(policy), 0, short), undefined);
  assert.equal(nextTry(record(policy), 1, short), 100);
  assert.equal(nextTry(record(policy, { restartCount: 2 }), 1, short), undefined);
  assert.equal(nextTry(record({ Name: 'no' }), 1, short), undefined);
});
