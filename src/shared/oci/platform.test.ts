// Platforms: texts, and the choice from an index.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import {
  formatPlatform,
  hostPlatform,
  normalPlatform,
  parsePlatform,
  pickPlatform,
  platformOf,
} from './platform.ts';

test('platforms are read and written', () => {
  assert.deepEqual(platformOf('x64'), { os: 'linux', architecture: 'amd64' });
  assert.equal(formatPlatform(parsePlatform('linux/arm/v7')), 'linux/arm/v7');
  assert.equal(formatPlatform(parsePlatform('linux/x86_64')), 'linux/amd64');
  assert.equal(formatPlatform(parsePlatform('aarch64')), 'linux/arm64');
  assert.equal(parsePlatform('linux').architecture, hostPlatform().architecture);
  for (const text of ['', 'a/b/c/d', 'nonsense', 'linux/ /x'])
    assert.throws(() => parsePlatform(text), /unknown operating system/);
});

test('a variant that is meant anyhow is not told, and that of arm is', () => {
  const cases: [string, string][] = [
    ['linux/arm64/v8', 'linux/arm64'],
    ['aarch64', 'linux/arm64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/s390x', 'linux/s390x'],
  ];
  for (const [given, normal] of cases)
    assert.equal(formatPlatform(normalPlatform(parsePlatform(given))), normal);
});

test('the nearest variant is chosen, never one that does not run', () => {
  const of = (os: string, architecture: string, variant?: string) => ({
    platform: variant === undefined ? { os, architecture } : { os, architecture, variant },
  });
  const index = [
    of('unknown', 'unknown'),
    of('linux', 'arm', 'v5'),
    of('linux', 'arm', 'v7'),
    of('linux', 'amd64'),
    of('linux', 'arm64', 'v8'),
  ];
  assert.equal(pickPlatform(index, platformOf('x64')), index[3]);
  assert.equal(pickPlatform(index, { os: 'linux', architecture: 'arm64' }), index[4]);
  assert.equal(pickPlatform(index, { os: 'linux', architecture: 'arm', variant: 'v6' }), index[1]);
  assert.equal(pickPlatform(index, { os: 'linux', architecture: 'arm', variant: 'v7' }), index[2]);
  assert.equal(pickPlatform(index, { os: 'linux', architecture: 's390x' }), undefined);
  assert.equal(pickPlatform([{}], platformOf('x64')) !== undefined, true);
  assert.equal(pickPlatform([of('linux', 'amd64', 'v3')], platformOf('x64')), undefined);
});

test('no text makes the parser throw anything but invalid', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const platform = parsePlatform(text);
        assert.deepEqual(parsePlatform(formatPlatform(platform)), platform);
      } catch (thrown) {
        assert.ok(isKind(thrown, 'invalid'), String(thrown));
      }
    }),
  );
});
