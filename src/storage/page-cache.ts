// The kernel's cache of file pages: of bytes that nobody reads again soon it need not keep copies, which take memory
// that what is written next could have had at once.
import { close, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindOnPool } from '#kernel/libc.ts';

// It begins to write what is not on disk yet, and lets go of what is: where the disk is slow that can take a while.
const fadvise = bindOnPool('posix_fadvise', 'int', ['int', 'int64_t', 'int64_t', 'int']);
const dontNeed = 4;
const stepBytes = 8 << 20;
const againMs = 300;

/** A file that is read once, from its start to its end. Disposing ends only what this does to it. */
export class ReadOnce implements Disposable {
  readonly #fd: number;
  #askedBytes = 0;
  #running: Promise<unknown> | undefined;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** The first `bytes` of the file are not needed in memory any more. Returns at once; a hint, no promise. */
  passed(bytes: number): void {
    if (this.#running !== undefined || bytes - this.#askedBytes < stepBytes) return;
    this.#askedBytes = bytes;
    // From the start again: what was not on disk the last time is now.
    this.#running = fadvise(this.#fd, 0, bytes, dontNeed).finally(() => {
      this.#running = undefined;
    });
  }

  [Symbol.dispose](): void {
    const end = (): void => close(this.#fd);
    void (this.#running ?? Promise.resolve()).then(end, end);
  }
}

/** The bytes of the file at `path` are not needed in memory any more; they stay on disk. Never rejects. */
export async function forgetFile(path: string): Promise<void> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return;
  }
  await fadvise(fd, 0, 0, dontNeed);
  await sleep(againMs);
  await fadvise(fd, 0, 0, dontNeed);
  close(fd);
}
