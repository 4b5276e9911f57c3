// Which cached steps a prune takes: its filters together, the oldest first down to what may stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheEntryUsage } from '#engine/build/build.ts';
import { chooseCacheEntries } from './cache-prune.ts';

const day = (number: number): string => new Date(Date.UTC(2024, 0, number)).toISOString();
const entry = (id: string, more: Partial<CacheEntryUsage> = {}): CacheEntryUsage => ({
  ID: id,
  Type: 'regular',
  Description: `RUN ${id}`,
  InUse: false,
  Shared: false,
  Size: 100,
  CreatedAt: day(1),
  LastUsedAt: day(1),
  UsageCount: 1,
  ...more,
});
const entries = [
  entry('new', { LastUsedAt: day(9) }),
  entry('old', { LastUsedAt: day(2) }),
  entry('shared', { LastUsedAt: day(5), Shared: true }),
];
const chosen = (filters: Record<string, string[]>, keepBytes?: number): string[] =>
  [...chooseCacheEntries(entries, new Map(Object.entries(filters)), { keepBytes })].sort();

test('filters choose together', () => {
  assert.deepEqual(chosen({}), ['new', 'old', 'shared']);
  assert.deepEqual(chosen({ until: [day(6)] }), ['old', 'shared']);
  assert.deepEqual(chosen({ until: [day(6)], shared: ['false'] }), ['old']);
  assert.deepEqual(chosen({ private: ['true'] }), ['new', 'old']);
  assert.deepEqual(chosen({ id: ['ne'] }), ['new']);
  assert.deepEqual(chosen({ description: ['RUN old', 'RUN new'] }), ['new', 'old']);
  assert.deepEqual(chosen({ parent: ['new'] }), []);
  assert.throws(() => chosen({ colour: ['red'] }), /invalid filter 'colour'/);
  assert.throws(() => chosen({ inuse: ['maybe'] }), /invalid filter/);
});

test('the oldest go until what is left is not more than what may stay', () => {
  assert.deepEqual(chosen({}, 200), ['old']);
  assert.deepEqual(chosen({}, 150), ['old', 'shared']);
  assert.deepEqual(chosen({}, 300), []);
});
