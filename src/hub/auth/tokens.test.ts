// Tokens: what was signed comes back, for its time, and nothing else does. Scopes as clients write them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseScope, signToken, tokenLifeSeconds, verifyToken } from './tokens.ts';

const key = Buffer.alloc(32, 7);
const claims = { sub: 'alice', access: [{ type: 'repository', name: 'a/b', actions: ['pull'] }] };
const nowMs = 1_800_000_000_000;

test('a token is good for its time and its key', () => {
  const token = signToken(key, claims, nowMs);
  assert.deepEqual(verifyToken(key, token, nowMs), claims);
  assert.deepEqual(verifyToken(key, token, nowMs + (tokenLifeSeconds - 1) * 1000), claims);
  assert.equal(verifyToken(key, token, nowMs + tokenLifeSeconds * 1000), undefined);
  assert.equal(verifyToken(key, token, nowMs - 60_000), undefined);
  assert.equal(verifyToken(Buffer.alloc(32, 8), token, nowMs), undefined);
});

test('a token with any character changed is none', () => {
  const token = signToken(key, claims, nowMs);
  fc.assert(
    fc.property(fc.nat(token.length - 2), fc.stringMatching(/^[\w.-]$/), (at, other) => {
      fc.pre(token[at] !== other);
      assert.equal(verifyToken(key, token.slice(0, at) + other + token.slice(at + 1), nowMs), undefined);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => verifyToken(key, text, nowMs) === undefined));
});

test('scopes', () => {
  const scope = { type: 'repository', name: 'a/b', actions: ['pull', 'push'] };
  assert.deepEqual(parseScope('repository:a/b:pull,push'), scope);
  assert.deepEqual(parseScope('repository(plugin):a/b:pull,push'), scope);
  assert.deepEqual(parseScope('registry:catalog:*'), { type: 'registry', name: 'catalog', actions: ['*'] });
  for (const text of ['', 'repository', 'repository:a', 'repository::pull', 'a:b c:pull']) {
    assert.equal(parseScope(text), undefined, text);
  }
});
