// What a token is asked for: the registry's words and ours, joined.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinScopes } from './tokens.ts';

test('scopes are joined by resource', () => {
  const pushing = 'repository:team/app:pull,push repository:base/image:pull';
  assert.equal(joinScopes('repository:team/app:pull', pushing), pushing);
  assert.equal(joinScopes('', 'repository:a:pull'), 'repository:a:pull');
  assert.equal(joinScopes('registry:catalog:*', ''), 'registry:catalog:*');
  assert.equal(
    joinScopes('repository:host:5000/a:push', 'repository:host:5000/a:pull'),
    'repository:host:5000/a:pull,push',
  );
  assert.equal(joinScopes('openid', 'openid'), 'openid');
});
