// The words for a container in its states.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleRecord } from '../record/record-sample.ts';
import { stateOf, statusText } from './status.ts';

const startedAt = '2026-01-01T10:00:00.000000000Z';
const finishedAt = '2026-01-01T10:05:00.000000000Z';
const at = (time: string): number => Date.parse(time);

test('the words of ps', () => {
  const up = sampleRecord({ phase: 'running', startedAt });
  assert.equal(statusText(up, at('2026-01-01T10:02:00Z')), 'Up 2 minutes');
  const log = { FailingStreak: 0, Log: [] };
  assert.equal(
    statusText({ ...up, health: { Status: 'starting', ...log } }, at('2026-01-01T10:02:00Z')),
    'Up 2 minutes (health: starting)',
  );
  assert.equal(
    statusText({ ...up, health: { Status: 'unhealthy', ...log } }, at('2026-01-01T10:02:00Z')),
    'Up 2 minutes (unhealthy)',
  );
  assert.equal(
    statusText({ ...up, phase: 'paused' }, at('2026-01-01T11:00:00Z')),
    'Up About an hour (Paused)',
  );
  const down = sampleRecord({ phase: 'exited', startedAt, finishedAt, exitCode: 0 });
  assert.equal(statusText(down, at('2026-01-01T10:05:03Z')), 'Exited (0) 3 seconds ago');
  assert.equal(
    statusText({ ...down, phase: 'restarting', exitCode: 1 }, at('2026-01-01T10:05:03Z')),
    'Restarting (1) 3 seconds ago',
  );
  assert.equal(statusText(sampleRecord(), 0), 'Created');
});

test('the state of inspect', () => {
  assert.equal(stateOf(sampleRecord({ phase: 'starting' })).Status, 'created');
  assert.equal(stateOf(sampleRecord({ phase: 'starting', finishedAt })).Status, 'exited');
  const { Running, Restarting } = stateOf(sampleRecord({ phase: 'restarting' }));
  assert.deepEqual([Running, Restarting], [true, true]);
});
