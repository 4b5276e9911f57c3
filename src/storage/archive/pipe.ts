// Pipes between the main thread or a program on one side and a worker thread's synchronous calls on the other.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bind } from '#kernel/libc.ts';
import { mknod, S_IF } from '#kernel/syscalls.ts';

// fcntl(2): F_SETPIPE_SZ. The default of 64 KiB makes both sides wait for each other all the time.
const setPipeSize = 1031;
const pipeBytes = 1 << 20;
const fcntl = bind('fcntl', 'int', ['int', 'int', 'long']);

export interface Pipe {
  readFd: number;
  writeFd: number;
}

/** A new pipe; the caller closes both ends. Both block, until one is handed to `socketOn`. */
export function openPipe(): Pipe {
  const path = join(tmpdir(), `wharf-pipe-${randomBytes(8).toString('hex')}`);
  mknod(path, S_IF.FIFO | 0o600);
  try {
    // Opening a FIFO waits for the other side, except for a reader that asked not to wait.
    const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeFd = openSync(path, constants.O_WRONLY);
    const readFd = openSync(path, constants.O_RDONLY);
    closeSync(first);
    enlarge(writeFd);
    return { readFd, writeFd };
  } finally {
    rmSync(path, { force: true });
  }
}

/** One end of a pipe as a stream of the event loop, which owns the descriptor from now on. */
export function socketOn(fd: number, side: 'read' | 'write'): Socket {
  return new Socket({ fd, readable: side === 'read', writable: side === 'write' });
}

// A user's pipes may be at their limit (pipe-user-pages-soft): a small one works as well.
function enlarge(fd: number): void {
  try {
    fcntl(fd, setPipeSize, pipeBytes);
  } catch {
    // Stays as it is.
  }
}
