// A stream into a pipe. What nobody else holds on to is not left to the garbage collector: gigabytes pass in few megabytes.
import type { Socket } from 'node:net';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isSole } from '#shared/sole.ts';

/** Resolves once all bytes are in the pipe, which is then closed. Fails, with both ends destroyed, where either fails. */
export async function pourInto(stream: Readable, pipe: Socket): Promise<void> {
  if (!isSole(stream)) return await pipeline(stream, pipe);
  const sink = new Writable({
    highWaterMark: 1,
    write(piece: Buffer, _encoding, done) {
      pipe.write(piece, (thrown) => {
        if (!thrown) giveBack(piece);
        done(thrown);
      });
    },
    final: (done) => void pipe.end(() => done()),
    destroy(thrown, done) {
      pipe.destroy();
      done(thrown);
    },
  });
  pipe.once('error', (thrown) => sink.destroy(thrown));
  await pipeline(stream, sink);
}

/**
 * Its memory is free at once. Left to itself a piece of 64 KiB is 100 bytes of garbage to the collector, who comes when
 * some megabytes of that have gathered. A piece that is a part of something else is left alone.
 */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !buffer.resizable)
    buffer.transfer(0);
}
