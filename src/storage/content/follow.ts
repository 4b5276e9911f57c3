// Reading a partial blob while it is still being written.
import { closeSync, openSync, read } from 'node:fs';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { unavailable } from '#shared/errors.ts';
import { ReadOnce } from '../page-cache.ts';

/** How far a blob on its way in has got. */
export interface Arrival {
  /** In the file. */
  bytes: number;
  ended: false | 'whole' | 'broken';
  /** Resolves when there is news. */
  next: PromiseWithResolvers<void>;
}

const pieceBytes = 1 << 20;
const readAt = promisify(read);

/** The file's bytes from the start on; waits where they have not arrived, fails where they never will. */
export function followFile(path: string, arrival: () => Arrival): Readable {
  // Opened at once: a moment later the file may have its final name.
  const fd = openSync(path, 'r');
  const once = new ReadOnce(path);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      const { bytes, ended, next } = arrival();
      if (at < bytes) {
        const piece = Buffer.allocUnsafe(Math.min(pieceBytes, bytes - at));
        const { bytesRead } = await readAt(fd, piece, 0, piece.length, at);
        if (bytesRead === 0) throw unavailable('the download broke off');
        at += bytesRead;
        once.passed(at);
        yield piece.subarray(0, bytesRead);
      } else if (ended === 'whole') return;
      else if (ended === 'broken') throw unavailable('the download broke off');
      else await next.promise;
    }
  }
  const stream = Readable.from(pieces(), { objectMode: false, highWaterMark: pieceBytes });
  return stream.once('close', () => {
    once[Symbol.dispose]();
    closeSync(fd);
  });
}
