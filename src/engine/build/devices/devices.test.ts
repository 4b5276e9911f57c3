// RUN --device: what it may say, and which devices of a machine it means.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDeviceFlag } from './device-flag.ts';
import { type GrantedDevices, grantDevices } from './grant.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-cdi-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('names with and without a key, required or not', () => {
  const cases: [string, string, boolean][] = [
    ['vendor1.com/device=foo', 'vendor1.com/device=foo', false],
    ['vendor1.com/device', 'vendor1.com/device', false],
    ['vendor1.com/device=foo,required', 'vendor1.com/device=foo', true],
    ['vendor1.com/device=foo,required=true', 'vendor1.com/device=foo', true],
    ['required,name=vendor1.com/device=foo', 'vendor1.com/device=foo', true],
    ['vendor1.com/device=foo,required=false', 'vendor1.com/device=foo', false],
    ['gpu', 'gpu', false],
  ];
  for (const [text, name, required] of cases)
    assert.deepEqual(parseDeviceFlag(text), { name, required }, text);
});

test('what is wrong is told in the words of the reference', () => {
  const cases: [string, string][] = [
    ['a/b=c,name=d/e=f', 'device name already set to a/b=c'],
    ['a/b=c,required=perhaps', 'invalid value for required: perhaps'],
    ['a/b=c,other', "invalid field 'other' must be a key=value pair"],
    ['a/b=c,requird=true', "unexpected key 'requird' in 'requird=true' (did you mean required?)"],
  ];
  for (const [text, message] of cases) assert.throws(() => parseDeviceFlag(text), { message }, text);
});

function folder(name: string, files: Record<string, string>): string {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

const first = folder('etc', {
  'one.yaml': `cdiVersion: "0.6.0"
kind: vendor.com/net
annotations: {org.mobyproject.buildkit.device.class: cards}
containerEdits: {env: [ALL=1]}
devices:
  - name: a
    containerEdits:
      env: [A=1]
      deviceNodes: [{path: /dev/mine, hostPath: /dev/null}]
      mounts: [{hostPath: /etc/hostname, containerPath: /mine}]
  - name: b
    annotations: {org.mobyproject.buildkit.device.autoallow: "true"}
    containerEdits: {additionalGids: [7]}
`,
  'broken.json': '{"kind": 3',
  'hooked.json': JSON.stringify({
    cdiVersion: '0.6.0',
    kind: 'other.org/gpu',
    devices: [{ name: 'h', containerEdits: { hooks: [{ hookName: 'createRuntime', path: '/x' }] } }],
  }),
});
const second = folder('run', {
  'over.json': JSON.stringify({
    kind: 'vendor.com/over',
    devices: [{ name: 'x', containerEdits: { env: ['OVER=2'] } }],
  }),
});

function grant(names: string[], allow: string[] = ['device']): GrantedDevices & { warnings: string[] } {
  const warnings: string[] = [];
  const flags = names.map(parseDeviceFlag);
  const folders = [first, second, join(dir, 'nowhere')];
  return { ...grantDevices({ flags, allow, folders, warn: (text) => warnings.push(text) }), warnings };
}

test('a device brings variables, nodes as they are here, mounts and groups', () => {
  const { env, devices, mounts } = grant(['vendor.com/net=a']);
  assert.deepEqual(env, ['ALL=1', 'A=1']);
  assert.deepEqual(devices, [{ type: 'c', path: '/dev/mine', major: 1, minor: 3, access: 'rwm' }]);
  assert.deepEqual(mounts[0]?.destination, '/mine');
  assert.deepEqual(grant(['vendor.com/net=*']).gids, [7]);
  assert.deepEqual(grant(['vendor.com/net']).env, ['ALL=1', 'A=1']);
  assert.deepEqual(grant(['cards']).env, ['ALL=1', 'A=1', 'ALL=1']);
  assert.deepEqual(grant(['vendor.com/over=x']).env, ['OVER=2']);
});

test('one that is not there fails the step only where it is required', () => {
  const { env, warnings } = grant(['vendor.com/net=z']);
  assert.deepEqual(env, []);
  assert.ok(warnings.includes('Optional device "vendor.com/net=z" is not registered'), warnings.join());
  assert.ok(
    warnings.some((text) => text.includes('broken.json describes no devices')),
    warnings.join(),
  );
  assert.throws(() => grant(['vendor.com/net=z,required']), {
    kind: 'not-found',
    message: 'required device "vendor.com/net=z" is not registered',
  });
  assert.throws(() => grant(['other.org/gpu=h']), { kind: 'unsupported' });
});

test('devices must be allowed, by name, all, or by themselves', () => {
  assert.throws(() => grant(['vendor.com/net=a'], []), {
    kind: 'forbidden',
    message: 'device vendor.com/net=a is requested by the build but not allowed',
  });
  assert.deepEqual(grant(['vendor.com/net=b'], []).gids, [7]);
  assert.equal(grant(['vendor.com/net=a'], ['device=vendor.com/net=a']).devices.length, 1);
  assert.equal(grant(['card0'], ['device=vendor.com/net=a,alias=card0']).devices.length, 1);
});
