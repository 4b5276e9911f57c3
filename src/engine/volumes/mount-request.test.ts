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
      ['nfs', '192.0.2.7:/export', 'rw,soft,retry=0'],
    ],
    [{ device: ':/export', type: 'nfs4', o: 'addr=fd00::7' }, ['nfs4', '[fd00::7]:/export', 'retry=0']],
    [{ device: 'far:/export', type: 'nfs', o: 'addr=far,ro' }, ['nfs', 'far:/export', 'ro,retry=0']],
    [{ device: '//name/s', type: 'cifs', o: 'addr=far,username=u' }, ['cifs', '//far/s', 'username=u']],
    [
      { device: '//far/s', type: 'cifs', o: 'addr=192.0.2.7,username=u' },
      ['cifs', '//far/s', 'username=u,addr=192.0.2.7'],
    ],
    [{ device: '//far/s', type: 'cifs', o: 'username=u' }, ['cifs', '//far/s', 'username=u']],
    [{ device: 'far:/export', type: 'nfs', o: 'ro,retry=1' }, ['nfs', 'far:/export', 'ro,retry=1']],
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
  const secret = { type: 'cifs', device: '//far/s', options: 'username=u,password=a=b,ro' };
  assert.match(hintFor(secret, 'Permission denied'), / -o username=u,password=\*{8},ro \/\/far/);
});
