// The users' file: kinds of hashes, lines that are none, and passwords that are right and wrong.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hashPassword, Passwords, parseUsers } from './passwords.ts';

const dir = mkdtempSync(join(tmpdir(), 'wharf-hub-users-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('lines of users', async () => {
  const hash = await hashPassword('x');
  assert.notEqual(hash, await hashPassword('x'), 'salted');
  const users = parseUsers(`# people\n\na:${hash}\r\nb:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n`);
  assert.deepEqual([...users.keys()], ['a', 'b']);
  for (const line of [
    'a',
    ':x',
    'a:',
    'a:plain',
    'a:$2y$05$abcdefghijklmnopqrstuv',
    `a:$2y$15$${'a'.repeat(53)}`,
    `a:$2y$03$${'a'.repeat(53)}`,
    'a:$apr1$x$y',
    'a:{SHA}x',
  ]) {
    assert.throws(() => parseUsers(line), /users file, line 1/, line);
  }
});

test('passwords of both kinds', async () => {
  const file = join(dir, 'users');
  writeFileSync(file, `a:${await hashPassword('right')}\nb:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n`);
  const passwords = new Passwords(file);
  assert.equal(await passwords.check('a', 'right'), true);
  assert.equal(await passwords.check('a', 'right'), true, 'also the second time');
  assert.equal(await passwords.check('a', 'wrong'), false);
  assert.equal(await passwords.check('a', ''), false);
  assert.equal(await passwords.check('b', 'password'), true);
  assert.equal(await passwords.check('b', 'Password'), false);
  assert.equal(await passwords.check('nobody', 'right'), false);
  assert.equal(await passwords.check('a', 'x'.repeat(5000)), false);
  assert.throws(() => new Passwords(join(dir, 'none')), /does not exist/);
});
