// Volumes on a real filesystem: made, filled from an image once, refused while in use, mounted, pruned.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EventLog } from '#engine/events.ts';
import { openVolumes } from '#engine/volumes/volumes.ts';
import { isMountPoint, mountTmpfs, unmountUnder } from '#kernel/mounts.ts';
import { runOk } from '#kernel/spawn.ts';
import { lgetxattr, lsetxattr } from '#kernel/syscalls.ts';
import { openLeases } from '#storage/state/leases.ts';
import { openState } from '#storage/state/state.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-volumes-'));
mountTmpfs(root);
const state = openState(join(root, 'state.db'));
const leases = openLeases(state);
const events = new EventLog();
const actions: string[] = [];
events.listen(({ Action, Actor }) => actions.push(`${Action} ${Actor.ID}`));
const dir = join(root, 'volumes');
const open = () => openVolumes({ dir, state, leases, events });
const volumes = open();

after(async () => {
  await state[Symbol.asyncDispose]();
  unmountUnder(root);
  rmSync(root, { recursive: true });
});

test('volumes are made once, by name or without one, and survive a reopen', async () => {
  const made = await volumes.create({ Name: 'data', Labels: { kind: 'test' } });
  assert.equal(made.Mountpoint, join(dir, 'data', '_data'));
  writeFileSync(join(made.Mountpoint, 'file'), 'kept');
  assert.deepEqual(await volumes.create({ Name: 'data' }), made);
  const anonymous = await volumes.create({});
  assert.match(anonymous.Name, /^[0-9a-f]{64}$/);
  assert.deepEqual(anonymous.Labels, { 'com.docker.volume.anonymous': '' });
  assert.deepEqual(actions, ['create data', `create ${anonymous.Name}`]);
  assert.deepEqual(open().get('data'), made);
  assert.equal(readFileSync(join(open().path('data'), 'file'), 'utf8'), 'kept');
});

test('bad requests are refused with a sentence', async () => {
  await assert.rejects(volumes.create({ Name: '../escape' }), {
    kind: 'invalid',
    message: /invalid characters/,
  });
  await assert.rejects(volumes.create({ Name: 'x1', Driver: 'other' }), {
    kind: 'not-found',
    message: /plugin/,
  });
  await assert.rejects(volumes.create({ Name: 'x1', DriverOpts: { foo: 'bar' } }), {
    message: 'create x1: invalid option: "foo"',
  });
  for (const [missing, options] of Object.entries({
    device: [{ type: 'tmpfs' }, { o: 'size=1m' }, { type: 'none', o: 'bind' }],
    type: [{ device: 'tmpfs' }, { device: '/srv', o: 'bind' }],
  })) {
    for (const DriverOpts of options as Record<string, string>[])
      await assert.rejects(volumes.create({ Name: 'x1', DriverOpts }), {
        message: `create x1: missing required option: "${missing}"`,
      });
  }
  await assert.rejects(volumes.create({ Name: 'x1', DriverOpts: { size: '10m' } }), {
    message: 'create x1: quota size requested but no quota support',
  });
  await assert.rejects(volumes.create({ Name: 'x1', DriverOpts: { size: 'foo' } }), /invalid size: 'foo'/);
  assert.throws(() => volumes.get('missing'), { kind: 'not-found', message: 'get missing: no such volume' });
  assert.throws(() => volumes.list(new Map([['nope', ['x']]])), { kind: 'invalid' });
  assert.equal(existsSync(join(dir, 'x1')), false);
});

test('an empty volume takes what the image has, all of it, once', async () => {
  const source = join(root, 'image', 'var');
  mkdirSync(join(source, 'sub'), { recursive: true });
  chmodSync(source, 0o2750);
  chownSync(source, 70, 71);
  writeFileSync(join(source, 'sub', 'file'), 'text', { mode: 0o640 });
  chownSync(join(source, 'sub', 'file'), 1000, 1001);
  symlinkSync('/etc/passwd', join(source, 'link'));
  lsetxattr(join(source, 'sub'), 'trusted.note', Buffer.from('kept'));
  const { Mountpoint } = await volumes.create({ Name: 'filled' });
  await volumes.copyUp('filled', source);
  const top = statSync(Mountpoint);
  // chown took the set-group-id bit off files only; a folder keeps it.
  assert.deepEqual([top.uid, top.gid, top.mode & 0o7777], [70, 71, lstatSync(source).mode & 0o7777]);
  const file = statSync(join(Mountpoint, 'sub', 'file'));
  assert.deepEqual([file.uid, file.gid, file.mode & 0o777], [1000, 1001, 0o640]);
  assert.equal(readlinkSync(join(Mountpoint, 'link')), '/etc/passwd');
  assert.equal(lgetxattr(join(Mountpoint, 'sub'), 'trusted.note').toString(), 'kept');
  writeFileSync(join(Mountpoint, 'sub', 'file'), 'changed');
  await volumes.copyUp('filled', source);
  assert.equal(readFileSync(join(Mountpoint, 'sub', 'file'), 'utf8'), 'changed');
});

test('an empty folder of the image gives its owner and mode; a missing one nothing', async () => {
  const source = join(root, 'image', 'empty');
  mkdirSync(source);
  chownSync(source, 999, 998);
  chmodSync(source, 0o1777);
  const { Mountpoint } = await volumes.create({ Name: 'owned' });
  await volumes.copyUp('owned', join(root, 'image', 'missing'));
  assert.equal(statSync(Mountpoint).uid, 0);
  await volumes.copyUp('owned', source);
  const stat = statSync(Mountpoint);
  assert.deepEqual([stat.uid, stat.gid, stat.mode & 0o7777], [999, 998, 0o1777]);
});

test('a volume in use is not removed, and the users are named', async () => {
  state.collection('containers').put('c0ffee', { name: 'mysql' });
  leases.hold('volume:data', 'container:c0ffee');
  await assert.rejects(volumes.remove('data'), {
    kind: 'conflict',
    message: 'remove data: volume is in use - [c0ffee]',
    hint: /wharf rm mysql/,
  });
  assert.deepEqual(
    volumes.list(new Map([['dangling', ['false']]])).map(({ Name }) => Name),
    ['data'],
  );
  const usage = (await volumes.usage()).find(({ Name }) => Name === 'data')?.UsageData;
  assert.equal(usage?.RefCount, 1);
  assert.ok((usage?.Size ?? 0) > 0);
  leases.release('container:c0ffee');
  await volumes.remove('data');
  assert.equal(existsSync(join(dir, 'data')), false);
  await assert.rejects(volumes.remove('data'), { kind: 'not-found' });
  await volumes.remove('data', { force: true });
});

test('names are patterns, as with dockerd', () => {
  const found = (name: string): string[] => volumes.list(new Map([['name', [name]]])).map(({ Name }) => Name);
  assert.deepEqual(
    [found('^fil'), found('led$'), found('il'), found('^il'), found('[')],
    [['filled'], ['filled'], ['filled'], [], []],
  );
});

test('a volume with options is mounted for its container, and unmounted with its removal', async () => {
  const { Mountpoint } = await volumes.create({
    Name: 'fast',
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=0700' },
  });
  assert.equal(isMountPoint(Mountpoint), false);
  assert.equal(await volumes.mountFor('c0ffee', 'fast'), Mountpoint);
  assert.equal(await volumes.mountFor('c0ffee', 'fast'), Mountpoint);
  assert.ok(isMountPoint(Mountpoint));
  await assert.rejects(volumes.remove('fast'), { kind: 'conflict' });
  await volumes.release('fast', () => true);
  assert.ok(isMountPoint(Mountpoint), 'another uses it');
  await volumes.release('fast', () => false);
  assert.equal(isMountPoint(Mountpoint), false);
  await volumes.mountFor('c0ffee', 'fast');
  leases.release('container:c0ffee');
  await volumes.remove('fast');
  assert.equal(isMountPoint(Mountpoint), false);

  const bound = join(root, 'bound');
  mkdirSync(bound);
  await volumes.create({ Name: 'bound', DriverOpts: { type: 'none', device: bound, o: 'bind' } });
  writeFileSync(join(await volumes.mountFor('c0ffee', 'bound'), 'file'), '');
  leases.release('container:c0ffee');
  await volumes.remove('bound');
  assert.ok(existsSync(join(bound, 'file')));

  await volumes.create({ Name: 'broken', DriverOpts: { type: 'none', device: join(root, 'no'), o: 'bind' } });
  await assert.rejects(volumes.mountFor('c0ffee', 'broken'), { message: /failed to mount local volume/ });
  leases.release('container:c0ffee');
});

test('prune takes anonymous ones, and all when asked', async () => {
  const { Name } = await volumes.create({});
  const { Name: used } = await volumes.create({});
  leases.hold(`volume:${used}`, 'container:c0ffee');
  const { VolumesDeleted } = await volumes.prune();
  assert.ok(VolumesDeleted.includes(Name));
  assert.ok(!VolumesDeleted.includes('filled') && !VolumesDeleted.includes(used));
  const second = await volumes.prune(new Map([['all', ['true']]]));
  // What was made with options goes by name only.
  assert.deepEqual(second.VolumesDeleted, ['filled', 'owned']);
  await volumes.remove('broken', {});
  assert.ok(second.SpaceReclaimed > 0);
  assert.deepEqual(
    volumes.list().map((each) => each.Name),
    [used],
  );
});

test('a share of the network: what its helper is asked, its words, and an end where the server is silent', async () => {
  // The kernel here may have no NFS: a program of the test's stands where mount(8) looks for its helper.
  const place = join(root, 'helpers');
  for (const each of ['upper', 'work']) mkdirSync(join(place, each), { recursive: true });
  const helper = `#!/bin/sh
echo "$1 $3 $4" >> ${place}/asked
case $1 in
  192.0.2.9:*) sleep 1000 ;;
  192.0.2.8:*) echo 'mount.nfs: Connection refused' >&2; exit 32 ;;
  *) exec mount -i -t tmpfs share "$2" ;;
esac
`;
  writeFileSync(join(place, 'upper/mount.nfs'), helper, { mode: 0o755 });
  const layers = `lowerdir=/usr/sbin,upperdir=${place}/upper,workdir=${place}/work`;
  await runOk('mount', ['-t', 'overlay', '-o', layers, 'helpers', '/usr/sbin']);
  try {
    const own = openVolumes({ dir, state, leases, events, mountTimeoutMs: 1_500 });
    const share = async (Name: string, addr: string): Promise<string> => {
      await own.create({ Name, DriverOpts: { type: 'nfs', device: ':/export', o: `addr=${addr},ro` } });
      return own.mountFor('c-share', Name);
    };
    const path = await share('share', '192.0.2.7');
    assert.equal(isMountPoint(path), true);
    assert.equal(readFileSync(join(place, 'asked'), 'utf8'), '192.0.2.7:/export -o ro,retry=0\n');
    await assert.rejects(share('shut', '192.0.2.8'), {
      message: /failed to mount local volume: mount\.nfs: Connection refused$/,
      hint: 'What was tried: mount -t nfs -o ro,retry=0 192.0.2.8:/export',
    });
    await assert.rejects(share('mute', '192.0.2.9'), { message: /no answer within 1\.5 seconds$/ });
    leases.release('container:c-share');
    for (const name of ['share', 'shut', 'mute']) await own.remove(name);
    assert.equal(isMountPoint(path), false);
  } finally {
    await runOk('umount', ['/usr/sbin']);
  }
});
