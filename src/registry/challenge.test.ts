// WWW-Authenticate headers as registries send them, and texts that are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

test('a bearer challenge with commas inside quotes', () => {
  const header =
    'Bearer realm="https://auth.example.org/token",service="registry.example.org",scope="repository:a/b:pull,push"';
  assert.deepEqual(parseChallenges(header), [
    {
      scheme: 'bearer',
      parameters: {
        realm: 'https://auth.example.org/token',
        service: 'registry.example.org',
        scope: 'repository:a/b:pull,push',
      },
    },
  ]);
});

test('several challenges in one header, an escape, an unquoted value', () => {
  assert.deepEqual(parseChallenges('Basic realm="a \\"b\\"", Bearer realm=x,Service=y'), [
    { scheme: 'basic', parameters: { realm: 'a "b"' } },
    { scheme: 'bearer', parameters: { realm: 'x', service: 'y' } },
  ]);
});

test('any text is parsed without a throw', () => {
  assert.deepEqual(parseChallenges(undefined), []);
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseChallenges(text))));
});
