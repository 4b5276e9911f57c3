// A stream that is poured into a pipe: all of it arrives, and its memory does not wait for the garbage collector.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { markSole } from '#shared/sole.ts';
import { openPipe, socketOn } from './pipe.ts';
import { pourInto } from './pour.ts';

const pieceBytes = 64 * 1024;

test('every byte arrives, and the memory of each piece is given back', async () => {
  const { readFd, writeFd } = openPipe();
  const sent = createHash('sha256');
  const pieces = Array.from({ length: 100 }, (_, at) => Buffer.alloc(pieceBytes - (at % 7), at));
  for (const piece of pieces) sent.update(piece);
  const poured = pourInto(markSole(Readable.from(pieces)), socketOn(writeFd, 'write'));
  const got = createHash('sha256');
  for await (const chunk of createReadStream('', { fd: readFd })) got.update(chunk);
  await poured;
  assert.equal(got.digest('hex'), sent.digest('hex'));
  assert.deepEqual(
    pieces.map(({ buffer }) => buffer.byteLength).filter((bytes) => bytes > 0),
    [],
  );
});

test('a piece that is a part of something else is left alone', async () => {
  const { readFd, writeFd } = openPipe();
  const whole = Buffer.alloc(2 * pieceBytes, 'x');
  const poured = pourInto(markSole(Readable.from([whole.subarray(pieceBytes)])), socketOn(writeFd, 'write'));
  let bytes = 0;
  for await (const chunk of createReadStream('', { fd: readFd })) bytes += chunk.length;
  await poured;
  assert.equal(bytes, pieceBytes);
  assert.equal(whole.toString('latin1'), 'x'.repeat(2 * pieceBytes));
});

test('a pipe that is given up before the stream ends is no wait for ever', async () => {
  const { readFd, writeFd } = openPipe();
  const pipe = socketOn(writeFd, 'write');
  let reads = 0;
  const stream = markSole(
    new Readable({
      read() {
        if (reads++ === 0) this.push(Buffer.alloc(100));
        else {
          setImmediate(() => {
            pipe.destroy();
            this.push(null);
          });
        }
      },
    }),
  );
  const ended = await Promise.race([
    pourInto(stream, pipe).then(
      () => 'resolved',
      (thrown: unknown) => String(thrown),
    ),
    new Promise((resolve) => setTimeout(resolve, 5_000, 'waits')),
  ]);
  closeSync(readFd);
  assert.match(String(ended), /EPIPE|destroyed/);
});

test('it fails where nobody reads any more, and where the stream does', async () => {
  const gone = openPipe();
  closeSync(gone.readFd);
  const endless = markSole(Readable.from([Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)]));
  await assert.rejects(pourInto(endless, socketOn(gone.writeFd, 'write')), /EPIPE/);
  assert.equal(endless.destroyed, true);

  const { readFd, writeFd } = openPipe();
  const torn = markSole(new Readable({ read: () => void torn.destroy(new Error('torn')) }));
  await assert.rejects(pourInto(torn, socketOn(writeFd, 'write')), /torn/);
  closeSync(readFd);
});
