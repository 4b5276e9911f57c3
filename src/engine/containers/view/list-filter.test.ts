// Which containers a filter shows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError, notFound } from '#shared/errors.ts';
import { sampleRecord } from '../record/record-sample.ts';
import { checkListFilters, listMatcher, showsStopped } from './list-filter.ts';

const web = sampleRecord({
  id: `1${'0'.repeat(63)}`,
  name: 'web',
  phase: 'running',
  config: { Image: 'nginx', Labels: { app: 'shop', tier: 'front' }, ExposedPorts: { '80/tcp': {} } },
  hostConfig: { NetworkMode: 'shop', PortBindings: { '80/tcp': [{ HostPort: '8080' }] } },
});
const job = sampleRecord({
  id: `2${'0'.repeat(63)}`,
  name: 'job',
  phase: 'exited',
  exitCode: 3,
  createdAt: '2026-01-02T00:00:00.000000000Z',
  finishedAt: '2026-01-02T00:00:00.000000000Z',
});

const world = {
  find: (ref: string) => {
    const found = [web, job].find(({ name }) => name === ref);
    if (found === undefined) throw notFound(`No such container: ${ref}`);
    return found;
  },
  imagesUnder: () => new Set<string>([web.imageId]),
};
const shown = (filters: Record<string, string[]>): string[] =>
  [web, job].filter(listMatcher(new Map(Object.entries(filters)), world)).map(({ name }) => name);

const cases: [Record<string, string[]>, string[]][] = [
  [{}, ['web', 'job']],
  [{ name: ['we'] }, ['web']],
  [{ name: ['^/job$'] }, ['job']],
  [{ id: ['2'] }, ['job']],
  [{ label: ['app', 'tier=front'] }, ['web']],
  [{ label: ['app', 'tier=back'] }, []],
  [{ status: ['exited', 'paused'] }, ['job']],
  [{ exited: ['3'] }, ['job']],
  [{ exited: ['0'] }, []],
  [{ network: ['shop'] }, ['web']],
  [{ publish: ['80'] }, ['web']],
  [{ expose: ['70-90/tcp'] }, ['web']],
  [{ before: ['job'] }, ['web']],
  [{ since: ['web'] }, ['job']],
  [{ status: ['running'], name: ['job'] }, []],
];

for (const [filters, names] of cases) {
  test(JSON.stringify(filters), () => assert.deepEqual(shown(filters), names));
}

test('unknown keys and values are refused', () => {
  for (const [key, value] of [
    ['colour', 'red'],
    ['status', 'asleep'],
    ['exited', 'x'],
  ] as const) {
    assert.throws(
      () => checkListFilters(new Map([[key, [value]]])),
      (thrown) => thrown instanceof EngineError && thrown.kind === 'invalid',
    );
  }
  assert.throws(() => shown({ before: ['nobody'] }), /No such container: nobody/);
});

test('a filter on state shows stopped ones', () => {
  assert.equal(showsStopped(new Map([['status', ['exited']]])), true);
  assert.equal(showsStopped(new Map([['name', ['x']]])), false);
});
