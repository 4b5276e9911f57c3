// Registry credentials: in the file, and with a helper program that the test makes.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig, writeConfig } from '#cli/files/config-file.ts';
import {
  forgetCredential,
  hubKey,
  keepCredential,
  keyOf,
  registryAuthFor,
  registryConfig,
} from './credentials.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-credentials-'));
const path = process.env['PATH'];
process.env['PATH'] = `${dir}:${path}`;
after(() => {
  process.env['PATH'] = path;
  rmSync(dir, { recursive: true });
});
const env = { DOCKER_CONFIG: dir };
const decoded = (header: string | undefined) => JSON.parse(Buffer.from(header ?? '', 'base64').toString());

test('the file keeps them, for the owner only', () => {
  keepCredential(env, 'r.example.org', { username: 'me', secret: 'pa:ss', isToken: false });
  assert.deepEqual(decoded(registryAuthFor(env, 'r.example.org')), {
    username: 'me',
    password: 'pa:ss',
    serveraddress: 'r.example.org',
  });
  assert.equal(registryAuthFor(env, 'docker.io'), undefined);
  assert.equal(forgetCredential(env, 'r.example.org'), true);
  assert.equal(forgetCredential(env, 'r.example.org'), false);
});

test('a helper keeps, gives, lists and forgets', () => {
  // Keeps one credential in a file, and says "not found" in the words that helpers have for it.
  const store = join(dir, 'kept');
  const script = `#!/bin/sh
input=$(cat)
case $1 in
  store) printf '%s' "$input" > ${store} ;;
  get) if [ -f ${store} ] && grep -qF "\\"$input\\"" ${store}; then cat ${store}; else echo "credentials not found in native keychain"; exit 1; fi ;;
  list) if [ -f ${store} ]; then echo '{"${hubKey}":"me"}'; else echo '{}'; fi ;;
  erase) rm -f ${store} ;;
esac
`;
  writeFileSync(join(dir, 'docker-credential-test'), script);
  chmodSync(join(dir, 'docker-credential-test'), 0o755);
  writeConfig(env, { credsStore: 'test' });
  assert.equal(registryAuthFor(env, 'docker.io'), undefined);
  keepCredential(env, keyOf('docker.io'), { username: 'me', secret: 'secret', isToken: false });
  assert.ok(!readFileSync(join(dir, 'config.json'), 'utf8').includes('secret'));
  assert.equal(decoded(registryAuthFor(env, 'docker.io')).password, 'secret');
  assert.deepEqual(Object.keys(decoded(registryConfig(env))), [hubKey]);
  assert.equal(registryAuthFor(env, 'other.example.org'), undefined);
  keepCredential(env, hubKey, { username: 'me', secret: 'tok', isToken: true });
  assert.deepEqual(
    [
      decoded(registryAuthFor(env, 'docker.io')).identitytoken,
      decoded(registryAuthFor(env, 'docker.io')).username,
    ],
    ['tok', ''],
  );
  assert.equal(forgetCredential(env, hubKey), true);
  assert.deepEqual(readConfig(env), { credsStore: 'test', auths: {} });
  assert.equal(registryAuthFor(env, 'docker.io'), undefined);
});

test('a helper for one registry only, and one that is not there', () => {
  writeConfig(env, { credHelpers: { 'r.example.org': 'absent' } });
  assert.equal(registryAuthFor(env, 'docker.io'), undefined);
  assert.throws(
    () => registryAuthFor(env, 'r.example.org'),
    /docker-credential-absent: executable file not found/,
  );
});
