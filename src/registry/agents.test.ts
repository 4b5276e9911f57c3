// Proxies as the environment names them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxiesOf } from './agents.ts';

test('the names in small letters come first, and what is empty is not set', () => {
  assert.deepEqual(proxiesOf({}), { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined });
  const both = { HTTP_PROXY: 'http://a', http_proxy: 'http://b', HTTPS_PROXY: 'http://c', https_proxy: '' };
  assert.deepEqual(proxiesOf({ ...both, NO_PROXY: 'x,.y' }), {
    httpProxy: 'http://b',
    httpsProxy: 'http://c',
    noProxy: 'x,.y',
  });
});
