// Pipes between the main thread or a program on one side and a worker thread's synchronous calls on the other.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { bind } from '#kernel/libc.ts';
import { mknod, S_IF } from '#kernel/syscalls.ts';

// fcntl(2): F_SETPIPE_SZ. The default of 64 KiB makes both sides wait for each other all the time.
const setPipeSize = 1031;
const pipeBytes = 1 << 20;
const readBytes = 1 << 18;
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

/** The reading end of a pipe, in large pieces: fewer turns of the event loop. It owns the descriptor from now on. */
export function readerOn(fd: number): Readable {
  const socket = new Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: Buffer.allocUnsafe(readBytes),
      callback: (count: number, buffer: Uint8Array): boolean =>
        reader.push(Buffer.from(buffer.subarray(0, count))),
    },
  } as SocketConstructorOpts);
  const reader = new Readable({
    highWaterMark: pipeBytes,
    read: () => void socket.resume(),
    destroy: (thrown, done) => {
      socket.destroy();
      done(thrown);
    },
  });
  socket.once('end', () => reader.push(null));
  socket.once('error', (thrown) => reader.destroy(thrown));
  return reader;
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
