// What mount(8) is asked for a volume with options.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hintFor, mountRequestOf } from './mount-request.ts';

test('a server that is named beside the path is put before it', () => {
  const rows: [Record<string, string> | null, string[] | undefined][] = [
    [null, undefined],
    [{ o: 'size=1m' }, undefined],
    [{ device: '/srv', type: 'none', o: 'bind' }, ['none', '/srv', 'bind']],
    [{ device: 'tmpfs', type: 'tmpfs', o: 'size=1m,addr=x' }, ['tmpfs', 'tmpfs', 'size=1m,addr=x']],
    [
      { device: ':/export', type: 'nfs', o: 'addr=192.0.2.7,rw,soft' },
      ['nfs', '192.0.2.7:/export', 'rw,soft'],
    ],
    [{ device: ':/export', type: 'nfs4', o: 'addr=fd00::7' }, ['nfs4', '[fd00::7]:/export', '']],
    [{ device: 'far:/export', type: 'nfs', o: 'addr=far,ro' }, ['nfs', 'far:/export', 'ro']],
    [{ device: '//far/s', type: 'cifs', o: 'addr=far,username=u' }, ['cifs', '//far/s', 'username=u']],
    [{ device: 'far:/export', type: 'nfs', o: 'ro' }, ['nfs', 'far:/export', 'ro']],
  ];
  for (const [options, expected] of rows) {
    const request = mountRequestOf(options);
    const got = request === undefined ? undefined : [request.type, request.device, request.options];
    assert.deepEqual(got, expected, JSON.stringify(options));
  }
});

test('a host without the helper is told which package has it', () => {
  const request = { type: 'nfs', device: 'far:/export', options: 'ro' };
  assert.match(hintFor(request, "mount: unknown filesystem type 'nfs'."), /nfs-common/);
  assert.equal(hintFor(request, 'Connection refused'), 'What was tried: mount -t nfs -o ro far:/export');
});
