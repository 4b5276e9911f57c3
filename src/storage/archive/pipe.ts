// Pipes between the main thread or a program on one side and a worker thread's synchronous calls on the other.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { bind } from '#kernel/libc.ts';
import { mknod, S_IF } from '#kernel/syscalls.ts';
import { cancelled } from '#shared/errors.ts';

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
export class PipeReader extends Readable {
  readonly #socket: Socket;
  #use: ((piece: Buffer) => Promise<void>) | undefined;

  constructor(fd: number) {
    super({ highWaterMark: pipeBytes });
    this.#socket = new Socket({
      fd,
      readable: true,
      writable: false,
      manualStart: true,
      onread: {
        buffer: Buffer.allocUnsafe(readBytes),
        callback: (count: number, buffer: Buffer): boolean => this.#take(buffer.subarray(0, count)),
      },
    } as SocketConstructorOpts);
    this.#socket.once('end', () => (this.#use === undefined ? this.push(null) : this.destroy()));
    this.#socket.once('error', (thrown) => this.destroy(thrown));
  }

  /**
   * Hands every piece to `use`, one after the other, in memory that the next one overwrites: nothing is allocated.
   * Resolves after the last and rejects where a piece or the pipe failed; closed either way. Instead of reading it.
   */
  async lend(use: (piece: Buffer) => Promise<void>): Promise<void> {
    if (this.destroyed) throw this.errored ?? cancelled('nobody reads any more');
    this.#use = use;
    const closed = once(this, 'close');
    this.#socket.resume();
    await closed;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _destroy(thrown: Error | null, done: (thrown?: Error | null) => void): void {
    this.#socket.destroy();
    done(thrown);
  }

  #take(piece: Buffer): boolean {
    if (this.#use === undefined) return this.push(Buffer.from(piece));
    this.#use(piece).then(
      () => this.#socket.resume(),
      (thrown: Error) => this.destroy(thrown),
    );
    return false;
  }
}

/** One end of a pipe as a stream of the event loop, which owns the descriptor from now on. */
export function socketOn(fd: number, side: 'read' | 'write'): Socket {
  const options = { fd, readable: side === 'read', writable: side === 'write', highWaterMark: pipeBytes };
  return new Socket(options);
}

// A user's pipes may be at their limit (pipe-user-pages-soft): a small one works as well.
function enlarge(fd: number): void {
  try {
    fcntl(fd, setPipeSize, pipeBytes);
  } catch {
    // Stays as it is.
  }
}
