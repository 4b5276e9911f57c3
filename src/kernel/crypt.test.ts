// Hashes of crypt(3), several at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cryptPassword } from './crypt.ts';

test('bcrypt hashes, as other programs make them', async () => {
  const setting = '$2y$05$abcdefghijklmnopqrstuu';
  const hash = '$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';
  const all = await Promise.all(Array.from({ length: 8 }, () => cryptPassword('secret', setting)));
  for (const found of all) assert.equal(found, hash);
  assert.equal(await cryptPassword('secret', hash), hash);
  assert.notEqual(await cryptPassword('Secret', hash), hash);
  assert.equal(await cryptPassword('secret', 'no method'), undefined);
});
