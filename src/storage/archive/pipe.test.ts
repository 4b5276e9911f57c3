// The reading end of a pipe: given away piece by piece, or lent out in one piece of memory.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { close, write } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openPipe, PipeReader } from './pipe.ts';

const sent = randomBytes(3_000_001);

function filled(): PipeReader {
  const { readFd, writeFd } = openPipe();
  const writeSome = promisify(write);
  const fill = async (): Promise<void> => {
    for (let at = 0; at < sent.length; )
      at += (await writeSome(writeFd, sent, at, sent.length - at, null)).bytesWritten;
  };
  // A reader that goes away fails the writer, as it should.
  void fill().then(
    () => close(writeFd),
    () => close(writeFd),
  );
  return new PipeReader(readFd);
}

test('all bytes come in order, given away or lent', async () => {
  assert.ok((await buffer(filled())).equals(sent));
  const hash = createHash('sha256');
  const memory = new Set<ArrayBufferLike>();
  const reader = filled();
  await reader.lend(async (piece) => {
    memory.add(piece.buffer);
    await new Promise((resolve) => setImmediate(resolve));
    hash.update(piece);
  });
  assert.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'));
  assert.equal(memory.size, 1);
  assert.equal(reader.closed, true);
});

test('a borrower that fails ends it, and so does whoever destroys it', async () => {
  await assert.rejects(
    filled().lend(() => Promise.reject(new Error('no room'))),
    /no room/,
  );
  const reader = filled();
  await assert.rejects(
    reader.lend(async () => void reader.destroy(new Error('cut off'))),
    /cut off/,
  );
  await assert.rejects(
    reader.lend(async () => {}),
    /cut off/,
  );
});
