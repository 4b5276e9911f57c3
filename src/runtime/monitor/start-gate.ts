// Letting a created container go, as `crun start` does, without starting a program.
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * crun's created container reads one byte from a fifo before it executes its program; `crun start` opens it,
 * removes its name and writes. True: the container runs. False: no one waits there, ask `crun start` why.
 */
export function releaseStartGate(stateRoot: string, id: string): boolean {
  const path = join(stateRoot, id, 'exec.fifo');
  let descriptor: number;
  try {
    // Without a reader this fails at once instead of waiting for one.
    descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    unlinkSync(path);
    writeSync(descriptor, new Uint8Array(1));
    return true;
  } catch {
    return false;
  } finally {
    closeSync(descriptor);
  }
}
