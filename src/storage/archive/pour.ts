// A stream into a pipe. What nobody else holds on to is not left to the garbage collector: gigabytes pass in few megabytes.
import type { Socket } from 'node:net';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isSole } from '#shared/sole.ts';

// Half of what the pipe holds: a write for each piece of 64 KiB would wake the reader for each.
const batchBytes = 1 << 19;

/** Resolves once all bytes are in the pipe, which is then closed. Fails, with both ends destroyed, where either fails. */
export async function pourInto(stream: Readable, pipe: Socket): Promise<void> {
  if (!isSole(stream)) return await pipeline(stream, pipe);
  const sink = new Writable({
    highWaterMark: batchBytes,
    writev(pieces, done) {
      const ended = (thrown?: Error | null): void => {
        if (!thrown) for (const { chunk } of pieces) giveBack(chunk);
        // Not at once: what this turn of the loop still reads goes with the next write.
        setImmediate(done, thrown);
      };
      pipe.cork();
      for (const { chunk } of pieces.slice(0, -1)) pipe.write(chunk);
      pipe.write(pieces.at(-1)?.chunk, ended);
      pipe.uncork();
    },
    final(done) {
      // Whoever gave the pipe up waits for this end, too; Node calls nobody back for it.
      if (pipe.destroyed) done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      else pipe.end(() => done());
    },
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
