// The plan for each container when an engine starts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RestartPolicy } from '#shared/contract/container.ts';
import type { Phase } from './record/record.ts';
import { sampleRecord } from './record/record-sample.ts';
import { type Observed, planRecovery } from './recovery-plan.ts';

const gone: Observed = { task: 'stopped', pid: 0, monitored: false, exit: undefined };
const running: Observed = { task: 'running', pid: 7, monitored: true, exit: undefined };
const waiting: Observed = { ...running, task: 'created' };
const ended: Observed = { ...gone, exit: { exitCode: 3, atMs: 1_000 } };

const plan = (
  phase: Phase,
  seen: Observed,
  fields: { policy?: RestartPolicy['Name']; stopped?: boolean } = {},
) =>
  planRecovery(
    sampleRecord({
      phase,
      stopRequested: fields.stopped ?? false,
      hostConfig: { RestartPolicy: { Name: fields.policy ?? 'no' } },
    }),
    seen,
    9_000,
  );

test('half made and half removed ones go, whatever the kernel shows', () => {
  for (const seen of [gone, running, ended]) {
    assert.equal(plan('creating', seen).action, 'discard');
    assert.equal(plan('removing', seen).action, 'discard');
  }
});

test('what runs is adopted; what ended meanwhile is settled with its code and time', () => {
  for (const phase of ['starting', 'running', 'paused'] as const) {
    assert.deepEqual(plan(phase, running), { action: 'adopt', pid: 7, phase: 'running' });
    assert.deepEqual(plan(phase, ended), {
      action: 'settle',
      exit: { exitCode: 3, atMs: 1_000 },
      boot: false,
    });
  }
});

test('a frozen one stays frozen', () => {
  const frozen: Observed = { ...running, task: 'paused' };
  assert.deepEqual(plan('paused', frozen), { action: 'adopt', pid: 7, phase: 'paused' });
  assert.deepEqual(plan('running', frozen), { action: 'adopt', pid: 7, phase: 'paused' });
});

test('an end that nobody recorded is 255, now', () => {
  assert.deepEqual(plan('running', gone), {
    action: 'settle',
    exit: { exitCode: 255, atMs: 9_000 },
    boot: false,
  });
  assert.equal(plan('running', { ...running, monitored: false }).action, 'settle');
});

test('a start that did not reach its program is taken back', () => {
  assert.equal(plan('starting', gone).action, 'roll-back');
  assert.equal(plan('starting', waiting).action, 'roll-back');
});

test('restart policies at boot: always forgets a stop, unless-stopped does not', () => {
  assert.deepEqual(plan('exited', gone, { policy: 'always', stopped: true }), { action: 'rest', boot: true });
  assert.deepEqual(plan('exited', gone, { policy: 'unless-stopped', stopped: true }), {
    action: 'rest',
    boot: false,
  });
  assert.deepEqual(plan('exited', gone, { policy: 'unless-stopped' }), { action: 'rest', boot: true });
  assert.deepEqual(plan('restarting', gone, { policy: 'on-failure' }), { action: 'rest', boot: true });
  assert.deepEqual(plan('created', gone, { policy: 'always' }), { action: 'rest', boot: false });
});
