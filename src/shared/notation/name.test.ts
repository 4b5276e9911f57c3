// Names, users, identifiers and moments: the small words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from './id.ts';
import { assertName, isContainerName, randomName } from './name.ts';
import { msOf, nowRfc3339Nano, rfc3339NanoOf, zeroTime } from './time.ts';
import { formatUser, parseUser } from './user.ts';

test('names', () => {
  for (let attempt = 0; attempt < 50; attempt += 1) assert.ok(isContainerName(randomName(attempt)));
  for (const name of ['', 'a', '-ab', 'a b', 'a/b', 'é1']) {
    assert.throws(
      () => assertName('container', name),
      /Invalid container name \(.*\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed/,
    );
  }
  assert.throws(() => assertName('volume', 'a/b'), /includes invalid characters for a local volume name/);
});

test('identifiers', () => {
  const ids = new Set(Array.from({ length: 200 }, newId));
  assert.equal(ids.size, 200);
  for (const id of ids) assert.match(id, /^[0-9a-f]{64}$/);
});

test('users', () => {
  assert.deepEqual(parseUser('1000:1001'), { user: '1000', group: '1001' });
  assert.deepEqual(parseUser('www-data'), { user: 'www-data' });
  assert.equal(formatUser(parseUser('a:b')), 'a:b');
  for (const text of ['a:b:c', 'a b', '/x']) assert.throws(() => parseUser(text), /invalid user/);
});

test('moments', () => {
  assert.match(nowRfc3339Nano(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.ok(Math.abs(msOf(nowRfc3339Nano()) - Date.now()) < 50);
  assert.equal(rfc3339NanoOf(1_700_000_000_123.456), '2023-11-14T22:13:20.123456000Z');
  assert.equal(msOf(zeroTime), 0);
});
