// Orders to a running conmon, through the fifo in its bundle: terminal size, a new log file.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '#shared/errors.ts';
import { KeyedLock } from '#shared/lock.ts';

// conmon reads all that is in the fifo and understands only the first line of it.
const gapMs = 3;
const lock = new KeyedLock();

/** Sends one line. False: no conmon is there to read it. */
function send(bundle: string, line: string): Promise<boolean> {
  return lock.run(bundle, async () => {
    let descriptor: number;
    try {
      descriptor = openSync(join(bundle, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (thrown) {
      if (codeOf(thrown) === 'ENXIO' || codeOf(thrown) === 'ENOENT') return false;
      throw thrown;
    }
    try {
      writeSync(descriptor, line);
    } finally {
      closeSync(descriptor);
    }
    await sleep(gapMs);
    return true;
  });
}

/** Sets the size of the terminal in characters. False: nothing runs there. */
export function sendResize(bundle: string, size: { width: number; height: number }): Promise<boolean> {
  return send(bundle, `1 ${size.height} ${size.width}\n`);
}

/** Makes conmon write to a new file under the log's name. False: nothing runs there. */
export function sendReopenLog(bundle: string): Promise<boolean> {
  return send(bundle, '2 0 0\n');
}
