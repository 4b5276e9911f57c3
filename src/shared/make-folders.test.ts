// mkdir -p on the real file system: as Node's where that ends, an error where it does not.
import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { makeFolders } from './make-folders.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'wharf-folders-')));
after(() => rmSync(root, { recursive: true }));

test('all that is missing is made, with the mode', () => {
  makeFolders(mkdirSync, join(root, 'a/b/c'), 0o700);
  for (const path of ['a', 'a/b', 'a/b/c']) assert.equal(statSync(join(root, path)).mode & 0o777, 0o700);
});

test('what is there stays, by a link, a relative path, with slashes at its end, and the root itself', () => {
  mkdirSync(join(root, 'there'), { mode: 0o711 });
  symlinkSync('there', join(root, 'link'));
  makeFolders(mkdirSync, join(root, 'link'), 0o700);
  makeFolders(mkdirSync, `${join(root, 'there')}///`);
  makeFolders(mkdirSync, '/');
  makeFolders(mkdirSync, '.');
  makeFolders(mkdirSync, `${relative(process.cwd(), join(root, 'link'))}//x/../y/`);
  assert.equal(statSync(join(root, 'there')).mode & 0o777, 0o711);
  assert.ok(statSync(join(root, 'there/y')).isDirectory());
});

test('a file in the way, and a link that leads nowhere, are told', () => {
  writeFileSync(join(root, 'file'), '');
  symlinkSync('nowhere', join(root, 'dangling'));
  assert.throws(() => makeFolders(mkdirSync, join(root, 'file')), { code: 'EEXIST' });
  assert.throws(() => makeFolders(mkdirSync, join(root, 'file/x/y')), { code: 'ENOTDIR' });
  assert.throws(() => makeFolders(mkdirSync, join(root, 'dangling')), { code: 'ENOENT' });
  assert.throws(() => makeFolders(mkdirSync, join(root, 'dangling/x')), { code: 'ENOENT' });
  assert.throws(() => makeFolders(mkdirSync, ''), { code: 'ENOENT' });
});

test('where no folder can be made the answer is ENOENT: in /proc, and below a folder that is gone', () => {
  assert.throws(() => makeFolders(mkdirSync, '/proc/no-such/a/b'), {
    code: 'ENOENT',
    path: '/proc/no-such',
  });
  const gone = join(root, 'gone');
  mkdirSync(gone);
  const descriptor = openSync(gone, 'r');
  rmdirSync(gone);
  try {
    assert.throws(() => makeFolders(mkdirSync, `/proc/self/fd/${descriptor}/a/b`), { code: 'ENOENT' });
  } finally {
    closeSync(descriptor);
  }
});
