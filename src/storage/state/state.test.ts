// The state database: records, transactions, schema versions, damage, and what a killed process leaves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { EngineError, isKind } from '#shared/errors.ts';
import { migrate } from './schema.ts';
import { openState } from './state.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-state-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface Thing {
  name: string;
  size: number;
}

test('records are put, read back after a reopen, found and deleted', async () => {
  const file = join(root, 'a', 'state.db');
  {
    await using state = openState(file);
    const things = state.collection<Thing>('things');
    things.put('b', { name: 'bee', size: 2 });
    things.put('a', { name: 'ay', size: 1 });
    things.put('a', { name: 'ay', size: 3 });
    state.collection<Thing>('others').put('a', { name: 'other', size: 9 });
  }
  await using state = openState(file);
  const things = state.collection<Thing>('things');
  assert.deepEqual(things.get('a'), { name: 'ay', size: 3 });
  assert.equal(things.get('zz'), undefined);
  assert.deepEqual(
    things.all().map((each) => each.id),
    ['a', 'b'],
  );
  assert.equal(things.find((thing) => thing.size === 2)?.id, 'b');
  assert.equal(things.delete('a'), true);
  assert.equal(things.delete('a'), false);
  assert.equal(state.collection<Thing>('others').get('a')?.name, 'other');
});

test('a transaction that throws leaves nothing, a nested one joins', async () => {
  await using state = openState(join(root, 'tx.db'));
  const things = state.collection<Thing>('things');
  assert.throws(
    () =>
      state.transaction(() => {
        things.put('a', { name: 'a', size: 1 });
        state.transaction(() => things.put('b', { name: 'b', size: 1 }));
        throw new Error('stop');
      }),
    /stop/,
  );
  assert.deepEqual(things.all(), []);
  assert.equal(
    state.transaction(() => {
      things.put('c', { name: 'c', size: 1 });
      return 7;
    }),
    7,
  );
  assert.equal(things.all().length, 1);
});

test('a record that is not of the shape is told by name, with what it lacks and what to do', async () => {
  const file = join(root, 'shapes.db');
  await using state = openState(file);
  const shape = { name: 'text', places: [{ subnet: 'text' }], at: { size: 'number' } } as const;
  const things = state.collection<object>('things', shape);
  const whole = { name: 'x', places: [{ subnet: 'a' }], at: { size: 1 } };
  const misfits: [string, object][] = [
    ['name is missing', { ...whole, name: undefined }],
    ['name is no text', { ...whole, name: 7 }],
    ['places is missing', { name: 'x' }],
    ['places is no list', { ...whole, places: {} }],
    ['places[1].subnet is missing', { ...whole, places: [{ subnet: 'a' }, {}] }],
    ['places[0] is no map', { ...whole, places: [null] }],
    ['at.size is no number', { ...whole, at: { size: '1' } }],
    ['the value is no map', []],
  ];
  for (const [misfit, value] of misfits) {
    things.put('ab12', value);
    const isTold = (thrown: unknown): boolean =>
      thrown instanceof EngineError &&
      thrown.message === `the state database ${file}: the record ab12 of things cannot be read: ${misfit}` &&
      (thrown.hint ?? '').includes("WHERE collection = 'things' AND id = 'ab12'");
    assert.throws(() => things.all(), isTold, misfit);
    assert.throws(() => things.get('ab12'), isTold, misfit);
  }
  things.put('ab12', whole);
  assert.deepEqual(things.get('ab12'), whole);
  state.database.prepare("UPDATE records SET value = '{' WHERE id = 'ab12'").run();
  assert.throws(() => things.all(), /the record ab12 of things is not JSON/);
});

test('a damaged file is told as such', () => {
  const file = join(root, 'bad.db');
  writeFileSync(file, 'this is no database at all, but long enough to have a header'.repeat(20));
  assert.throws(
    () => openState(file),
    (thrown) =>
      thrown instanceof EngineError && /is damaged/.test(thrown.message) && thrown.message.includes(file),
  );
});

test('migrations run once, all or none; a newer schema is refused', () => {
  const database = new DatabaseSync(':memory:');
  const ran: number[] = [];
  const first = (): void => {
    ran.push(1);
  };
  migrate(database, 'x', [first]);
  migrate(database, 'x', [first]);
  assert.deepEqual(ran, [1]);
  const failing = (db: DatabaseSync): void => {
    db.exec('CREATE TABLE half (a)');
    throw new Error('no');
  };
  assert.throws(() => migrate(database, 'x', [first, failing]), /no/);
  assert.equal(
    database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'half'").get()?.['n'],
    0,
  );
  migrate(database, 'x', [first, () => ran.push(2)]);
  assert.deepEqual(ran, [1, 2]);
  assert.throws(
    () => migrate(database, 'x', [first]),
    (thrown) => isKind(thrown, 'unsupported'),
  );
});

test('what was put is there after the process was killed', async () => {
  const file = join(root, 'killed.db');
  const program = `
    import { openState } from ${JSON.stringify(new URL('./state.ts', import.meta.url).href)};
    const state = openState(${JSON.stringify(file)});
    for (let i = 0; i < 100; i++) state.collection('n').put(String(i), { i });
    process.kill(process.pid, 'SIGKILL');`;
  const cwd = new URL('../../..', import.meta.url);
  spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd });
  await using state = openState(file);
  assert.equal(state.collection('n').all().length, 100);
});
