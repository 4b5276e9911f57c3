// Lists as Docker shows them, and detach keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachScanner, parseDetachKeys } from './keys.ts';
import { ellipsis, renderRows } from './table.ts';

const heads = { ID: 'CONTAINER ID', Names: 'NAMES', Ports: 'PORTS' };
const rows = [
  { ID: 'abc', Names: 'web', Ports: '80/tcp' },
  { ID: 'def', Names: 'a-much-longer-name', Ports: '' },
];

test('tables', () => {
  assert.equal(
    renderRows(rows, { heads, columns: ['ID', 'Names', 'Ports'] }),
    'CONTAINER ID   NAMES                PORTS\nabc            web                  80/tcp\ndef            a-much-longer-name   \n',
  );
  assert.equal(renderRows([], { heads, columns: ['ID', 'Names'] }), 'CONTAINER ID   NAMES\n');
  assert.equal(
    renderRows(rows.slice(0, 1), { heads, columns: ['ID'], format: 'table {{.Names}}\\t{{.ID}}' }),
    'NAMES     CONTAINER ID\nweb       abc\n',
  );
});

test('templates and JSON', () => {
  const shape = { heads, columns: ['ID'] };
  assert.equal(
    renderRows(rows, { ...shape, format: '{{.ID}}:{{.Names}}' }),
    'abc:web\ndef:a-much-longer-name\n',
  );
  assert.equal(
    renderRows(rows.slice(0, 1), { ...shape, format: 'json' }),
    '{"ID":"abc","Names":"web","Ports":"80/tcp"}\n',
  );
  assert.throws(() => renderRows(rows, { ...shape, format: '{{.Nmaes}}' }), /no entry for key "Nmaes"/);
  assert.equal(ellipsis('docker-entrypoint.sh run', 20), 'docker-entrypoint.s…');
});

test('detach keys are found in any pieces, and half of them is passed on', () => {
  const keys = parseDetachKeys('ctrl-p,ctrl-q');
  assert.deepEqual(keys, [16, 17]);
  const scanner = new DetachScanner(keys);
  assert.deepEqual(scanner.scan(Buffer.from([97, 16])), { pass: Buffer.from('a'), detached: false });
  assert.deepEqual(scanner.scan(Buffer.from([98])), { pass: Buffer.from([16, 98]), detached: false });
  assert.deepEqual(scanner.scan(Buffer.from([16, 16])), { pass: Buffer.from([16]), detached: false });
  assert.equal(scanner.scan(Buffer.from([17])).detached, true);
  assert.throws(() => parseDetachKeys('ctrl-ä'), /invalid detach keys/);
});
