// Rights: the longest name that fits counts, users have what everybody has, and a file that is wrong is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { includes, parseRights, rightIn } from './rights.ts';

const table = parseRights(
  JSON.stringify({
    alice: { '*': '*' },
    bob: { 'team/*': 'push', 'team/secret': 'none', 'team/secret/*': 'pull' },
    '*': { 'public/*': 'pull' },
    anonymous: { 'public/tool': 'pull' },
  }),
);

test('who may do what where', () => {
  assert.equal(rightIn(table, 'alice', 'any/thing'), '*');
  assert.equal(rightIn(table, 'bob', 'team/app'), 'push');
  assert.equal(rightIn(table, 'bob', 'team/secret'), 'none');
  assert.equal(rightIn(table, 'bob', 'team/secret/x'), 'pull');
  assert.equal(rightIn(table, 'bob', 'teams'), 'none');
  assert.equal(rightIn(table, 'bob', 'public/tool'), 'pull');
  assert.equal(rightIn(table, 'carol', 'public/other'), 'pull');
  assert.equal(rightIn(table, undefined, 'public/tool'), 'pull');
  assert.equal(rightIn(table, undefined, 'public/other'), 'none');
  assert.equal(rightIn(table, 'anonymous', 'public/other'), 'pull', 'a user of that name is a user');
  assert.equal(rightIn(table, '__proto__', 'team/app'), 'none');
});

test('a right includes those before it', () => {
  assert.deepEqual(
    (['none', 'pull', 'push', '*'] as const).map((right) =>
      (['pull', 'push', 'delete'] as const).filter((action) => includes(right, action)).join(),
    ),
    ['', 'pull', 'pull,push', 'pull,push,delete'],
  );
});

test('files that are wrong', () => {
  for (const text of ['', '[]', '{"a": "pull"}', '{"a": {"b": "write"}}', '{"a": {"b": 1}}']) {
    assert.throws(() => parseRights(text), /rights file/, text);
  }
});
