// What a daemon decides from its command line and its configuration file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertSafe, formatHost, parseHost } from '#daemon/host.ts';
import { decideSettings } from '#daemon/options.ts';

test('the command line wins over the file, the file over the defaults', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-daemon-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const configFile = join(dir, 'daemon.json');
  const content = {
    'data-root': '/d',
    bip: '10.0.0.1/24',
    'registry-mirrors': ['http://m'],
    'log-opts': { 'max-size': '1m' },
  };
  writeFileSync(configFile, JSON.stringify(content));
  const settings = decideSettings({ configFile, run: '/r', bip: '10.1.0.1/24' });
  assert.equal(settings.root, '/d');
  assert.equal(settings.bip, '10.1.0.1/24');
  assert.deepEqual(settings.hosts, ['unix:///r/wharf.sock']);
  assert.deepEqual(settings.registryMirrors, ['http://m']);
  assert.equal(settings.logMaxSizeBytes, 1024 * 1024);
  writeFileSync(configFile, '{"debug":"yes"}');
  assert.throws(() => decideSettings({ configFile }), /daemon\.json: "debug" must be true or false/);
  writeFileSync(configFile, '{');
  assert.throws(() => decideSettings({ configFile }), /cannot read the configuration file/);
});

test('hosts are parsed, and those open to a network refused', () => {
  for (const text of ['unix:///run/x.sock', 'tcp://127.0.0.1:2375', 'tcp://[::1]:0']) {
    const host = parseHost(text);
    assert.equal(formatHost(host), text);
    assertSafe(host, false);
  }
  for (const text of [
    '',
    'http://x',
    'tcp://1.2.3.4',
    'unix://rel',
    `unix:///${'x'.repeat(108)}`,
    'tcp://h:99999',
  ]) {
    assert.throws(() => parseHost(text), /invalid host/, text);
  }
  assert.throws(() => assertSafe(parseHost('tcp://0.0.0.0:2375'), false), /refusing to listen/);
  assertSafe(parseHost('tcp://0.0.0.0:2375'), true);
});
