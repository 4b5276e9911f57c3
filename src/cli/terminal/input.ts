// What is typed or piped into a command.
import { read } from 'node:fs';
import type { Input } from '#cli/context.ts';
import { codeOf } from '#shared/errors.ts';

const stdinFd = 0;
const chunkBytes = 65_536;
/** Somebody else made the pipe one that does not wait: it is asked again. */
const againMs = 10;

/** The process's stdin. Called once, as two readers would take each other's bytes. */
export function openInput(): Input {
  const isBun = process.versions['bun'] !== undefined;
  if (!isBun || process.getBuiltinModule('node:tty').isatty(stdinFd)) return process.stdin;
  return openPiped();
}

/** Bun's own stdin loses the end of a pipe whose reader pauses just then (oven-sh/bun#43100): the command would hang. */
function openPiped(): Input {
  const { Readable } = process.getBuiltinModule('node:stream');
  const input = new Readable({ highWaterMark: chunkBytes, read: readMore });
  function readMore(): void {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    read(stdinFd, buffer, 0, chunkBytes, null, (thrown, count) => {
      if (codeOf(thrown) === 'EAGAIN') setTimeout(readMore, againMs);
      // As where nothing was given.
      else if (codeOf(thrown) === 'EBADF') input.push(null);
      else if (thrown !== null) input.destroy(thrown);
      else input.push(count === 0 ? null : buffer.subarray(0, count));
    });
  }
  return input;
}
