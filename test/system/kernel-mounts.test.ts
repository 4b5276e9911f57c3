// The kernel room on a real kernel: overlays of many layers, bind mounts, marks of deletion.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bindMount, isMountPoint, mountTmpfs, observeMounts, unmount, unmountUnder } from '#kernel/mounts.ts';
import { isOpaque, isWhiteout, mountOverlay, setOpaque, whiteout } from '#kernel/overlay.ts';
import {
  deviceNumber,
  lgetxattr,
  llistxattr,
  lsetxattr,
  mount,
  splitDeviceNumber,
} from '#kernel/syscalls.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-kernel-'));
mountTmpfs(root, { mode: 0o755 });

after(() => {
  unmountUnder(root);
  rmSync(root, { recursive: true });
});

function folder(...names: string[]): string {
  const path = join(root, ...names);
  mkdirSync(path, { recursive: true });
  return path;
}

test('an overlay of 128 lowers with long paths shows each, the topmost first', () => {
  const lowers = Array.from({ length: 128 }, (_, index) => {
    const lower = folder('many', `layer-${'x'.repeat(120)}-${index}`, 'fs,with:odd chars');
    writeFileSync(join(lower, `file${index}`), String(index));
    writeFileSync(join(lower, 'same'), String(index));
    return lower;
  });
  const [upper, work, target] = [folder('m', 'upper'), folder('m', 'work'), folder('m', 'merged')];
  mountOverlay({ lowers, upper, work, target });
  assert.equal(readdirSync(target).length, 129);
  assert.equal(readFileSync(join(target, 'same'), 'utf8'), '0');
  unmount(target);
  assert.equal(isMountPoint(target), false);
});

test('the upper directory is the diff: whole files, whiteouts, opaque directories', () => {
  const lower = folder('d', 'lower');
  mkdirSync(join(lower, 'dir'));
  writeFileSync(join(lower, 'dir', 'old'), 'old');
  writeFileSync(join(lower, 'gone'), 'gone');
  const [upper, work, target] = [folder('d', 'upper'), folder('d', 'work'), folder('d', 'merged')];
  mountOverlay({ lowers: [lower], upper, work, target });
  rmSync(join(target, 'gone'));
  rmSync(join(target, 'dir'), { recursive: true });
  mkdirSync(join(target, 'dir'));
  writeFileSync(join(target, 'new'), 'new');
  unmount(target);
  assert.ok(isWhiteout(lstatSync(join(upper, 'gone'))));
  assert.ok(isOpaque(join(upper, 'dir')));
  assert.equal(isWhiteout(lstatSync(join(upper, 'new'))), false);
});

test('whiteouts and opaque marks that we make are those of the kernel', () => {
  const lower = folder('w', 'lower', 'dir');
  writeFileSync(join(lower, 'hidden'), '');
  writeFileSync(join(root, 'w', 'lower', 'deleted'), '');
  const top = folder('w', 'top');
  whiteout(join(top, 'deleted'));
  mkdirSync(join(top, 'dir'));
  assert.equal(isOpaque(join(top, 'dir')), false);
  setOpaque(join(top, 'dir'));
  const target = folder('w', 'merged');
  mountOverlay({ lowers: [top, join(root, 'w', 'lower')], target });
  assert.deepEqual(readdirSync(target), ['dir']);
  assert.deepEqual(readdirSync(join(target, 'dir')), []);
  assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' });
  unmount(target);
});

test('a read-only bind mount refuses writing, its source does not; mounts below come along', () => {
  const source = folder('b', 'source');
  mountTmpfs(folder('b', 'source', 'inner'), { sizeBytes: 65536 });
  const target = folder('b', 'target');
  bindMount(source, target, { readOnly: true, propagation: 'rprivate' });
  writeFileSync(join(source, 'file'), 'text');
  assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'text');
  assert.throws(() => writeFileSync(join(target, 'other'), ''), { code: 'EROFS' });
  assert.throws(() => writeFileSync(join(target, 'inner', 'other'), ''), { code: 'EROFS' });
  assert.equal(observeMounts().filter((entry) => entry.target.startsWith(target)).length, 2);
  unmountUnder(target);
  assert.equal(observeMounts().filter((entry) => entry.target.startsWith(target)).length, 0);
  unmount(target);
});

test('a failed call says what, where and why', () => {
  assert.throws(() => mount('none', join(root, 'missing'), 'tmpfs', 0), {
    name: 'SyscallError',
    code: 'ENOENT',
    syscall: 'mount',
    message: /mount none .*missing tmpfs: ENOENT/,
  });
  assert.throws(() => lgetxattr(root, 'user.none'), { code: 'ENODATA' });
});

test('extended attributes and device numbers come back', () => {
  const value = Buffer.alloc(3000, 7);
  lsetxattr(root, 'trusted.wharf', value);
  assert.deepEqual(lgetxattr(root, 'trusted.wharf'), value);
  assert.ok(llistxattr(root).includes('trusted.wharf'));
  assert.deepEqual(splitDeviceNumber(deviceNumber(259, 70000)), { major: 259, minor: 70000 });
  assert.equal(deviceNumber(8, 1), 0x801n);
});
