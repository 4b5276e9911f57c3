// Contexts and the choice of an engine, on folders made for it.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { endpointOf, globalFlags } from '#cli/endpoint.ts';
import { parseLine } from '#cli/grammar/flags.ts';
import { proxyVariables, writeConfig } from './config-file.ts';
import {
  assertContextName,
  listContexts,
  placesOf,
  readContext,
  removeContext,
  writeContext,
} from './context-store.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-context-'));
after(() => rmSync(dir, { recursive: true }));
const env = { DOCKER_CONFIG: dir };
const choose = (words: string[], more: Record<string, string> = {}) =>
  endpointOf(parseLine(globalFlags, words, { stopAtArgument: true, name: 'wharf' }).flags, {
    ...env,
    ...more,
  });

const lab = {
  name: 'lab',
  description: 'the lab',
  host: 'tcp://10.0.0.5:2376',
  skipTlsVerify: false,
  tls: { ca: 'CA', key: 'KEY' },
};

test('a context comes back as it was written, and its key is private', () => {
  writeContext(env, lab);
  assert.deepEqual(readContext(env, 'lab'), lab);
  assert.deepEqual(listContexts(env), [lab]);
  assert.equal(statSync(join(placesOf(env, 'lab').tls, 'docker/key.pem')).mode & 0o777, 0o600);
  removeContext(env, 'lab');
  assert.deepEqual(listContexts(env), []);
  assert.throws(() => readContext(env, 'lab'), /context "lab": context not found/);
});

test('names that no context may have', () => {
  for (const name of ['', 'default', '../x', '-x', 'a b']) assert.throws(() => assertContextName(name), name);
  assertContextName('my.server-1');
});

test('flags, then variables, then contexts, then our own socket', async () => {
  writeContext(env, lab);
  assert.deepEqual(await choose([]), { host: 'unix:///run/wharf/wharf.sock', context: 'default' });
  assert.equal((await choose(['-H', 'tcp://a:1'], { DOCKER_HOST: 'tcp://b:1' })).host, 'tcp://a:1');
  assert.equal((await choose([], { DOCKER_HOST: 'tcp://b:1', WHARF_HOST: 'tcp://c:1' })).host, 'tcp://c:1');
  assert.deepEqual(await choose(['--context', 'lab'], { DOCKER_HOST: 'tcp://b:1' }), {
    host: lab.host,
    context: 'lab',
    tls: { ca: 'CA', key: 'KEY', verify: true },
  });
  assert.equal((await choose([], { DOCKER_CONTEXT: 'lab' })).host, lab.host);
  writeConfig(env, { currentContext: 'lab' });
  assert.equal((await choose([])).host, lab.host);
  assert.equal((await choose([], { DOCKER_CONTEXT: 'default' })).context, 'default');
  await assert.rejects(choose(['-H', 'tcp://a:1', '-c', 'lab']), /cannot specify both --host and --context/);
  await assert.rejects(choose(['-c', 'nosuch']), /context "nosuch": context not found/);
});

test('TLS by flags and variables, with the files of the usual folder', async () => {
  const certs = join(dir, 'certs');
  mkdirSync(certs);
  writeFileSync(join(certs, 'ca.pem'), 'CA');
  const host = ['-H', 'tcp://a'];
  const verified = await choose([...host, '--tlsverify'], { DOCKER_CERT_PATH: certs });
  assert.deepEqual(verified.tls, { ca: 'CA', verify: true });
  assert.deepEqual((await choose([...host, '--tls'])).tls, { verify: false });
  assert.equal((await choose(host, { DOCKER_TLS_VERIFY: '1' })).tls?.verify, true);
  await assert.rejects(choose([...host, '--tls', '--tlskey', '/nowhere/key']), /could not read TLS file/);
});

test('proxies of the settings', () => {
  const config = { proxies: { default: { httpProxy: 'http://p' }, 'tcp://h': { noProxy: 'x' } } };
  assert.deepEqual(proxyVariables(config, 'unix:///s'), { HTTP_PROXY: 'http://p', http_proxy: 'http://p' });
  assert.deepEqual(proxyVariables(config, 'tcp://h'), { NO_PROXY: 'x', no_proxy: 'x' });
});
