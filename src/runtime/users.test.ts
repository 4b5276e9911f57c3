// Users: names and numbers in images, and images that try to lead out of their root.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { resolveInRoot, resolveUser } from './users.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-runtime-users-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const root = join(dir, 'root');
mkdirSync(join(root, 'etc'), { recursive: true });
writeFileSync(
  join(root, 'etc/passwd'),
  'root:x:0:0:root:/root:/bin/sh\nann:x:1000:100:Ann:/home/ann:/bin/sh\n',
);
writeFileSync(join(root, 'etc/group'), 'root:x:0:\nusers:x:100:\nwheel:x:10:ann\nvideo:x:44:\n');

test('names, numbers and groups', () => {
  assert.deepEqual(resolveUser(root, ''), { uid: 0, gid: 0, gids: [0], home: '/root' });
  assert.deepEqual(resolveUser(root, 'ann', ['video', '7']), {
    uid: 1000,
    gid: 100,
    gids: [100, 10, 44, 7],
    home: '/home/ann',
  });
  assert.deepEqual(resolveUser(root, 'ann:video'), { uid: 1000, gid: 44, gids: [44], home: '/home/ann' });
  assert.deepEqual(resolveUser(root, '77:88'), { uid: 77, gid: 88, gids: [88], home: '/' });
  assert.equal(resolveUser(root, '1000').gid, 100);
});

test('what the image does not know is refused in the words users know', () => {
  assert.throws(
    () => resolveUser(root, 'bob'),
    /unable to find user bob: no matching entries in passwd file/,
  );
  assert.throws(
    () => resolveUser(root, 'ann:nope'),
    /unable to find group nope: no matching entries in group file/,
  );
  assert.throws(() => resolveUser(root, '4294967296'), /must be in range/);
  assert.equal(resolveUser(join(dir, 'empty'), '5').uid, 5);
});

test('links are followed from within the root, never out of it', () => {
  const evil = join(dir, 'evil');
  mkdirSync(join(evil, 'etc'), { recursive: true });
  writeFileSync(join(dir, 'passwd'), 'out:x:66:66::/:\n');
  symlinkSync('../../passwd', join(evil, 'etc/passwd'));
  symlinkSync('/etc/loop', join(evil, 'etc/loop'));
  assert.throws(() => resolveUser(evil, 'out'), /unable to find user/);
  assert.equal(resolveInRoot(evil, '/etc/loop'), undefined);
  writeFileSync(join(evil, 'passwd'), 'in:x:67:67::/:\n');
  assert.equal(resolveUser(evil, 'in').uid, 67);
});
