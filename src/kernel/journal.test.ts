// Journal entries as bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry, openJournal } from './journal.ts';

test('plain values on a line, others with their length', () => {
  assert.equal(encodeEntry({ MESSAGE: 'a=b', PRIORITY: '6' }).toString(), 'MESSAGE=a=b\nPRIORITY=6\n');
  const entry = encodeEntry({ MESSAGE: 'a\nb' });
  assert.deepEqual(entry, Buffer.from('MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n', 'latin1'));
});

test('where nobody listens it cannot be opened', () => {
  assert.throws(() => openJournal('/nonexistent/socket'), { code: 'ENOENT' });
});
