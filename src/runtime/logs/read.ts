// Reading a container's log: from where it is wanted, to its end or as long as the container runs.
import { closeSync, type FSWatcher, fstatSync, openSync, read, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { inodeOf, logFiles } from './files.ts';
import { LineFramer } from './frames.ts';
import { newline } from './line.ts';
import { findTail, type LogPosition } from './tail.ts';

export interface ReadLogOptions {
  /** Of the current file; rotated ones have `.1`, `.2`, … behind it. */
  path: string;
  /** A terminal's output has no frames. */
  tty: boolean;
  stdout: boolean;
  stderr: boolean;
  timestamps?: boolean;
  /** Nanoseconds since 1970. */
  sinceNs?: bigint;
  untilNs?: bigint;
  /** Lines from the end; absent: all. */
  tail?: number;
  /** Goes on until the container does not run and all is read. */
  follow?: boolean;
  isRunning?: () => boolean;
  signal?: AbortSignal;
}

const readPart = promisify(read);
const readBytes = 256 * 1024;
/** A container that ended without another line is noticed after this long. */
const pollMs = 100;

/** Yields buffers of many lines, each framed for Docker's clients (or raw, with a terminal). */
export async function* readLog(options: ReadLogOptions): AsyncGenerator<Buffer> {
  const framer = new LineFramer({
    stdout: options.stdout || options.tty,
    stderr: options.stderr,
    framed: !options.tty,
    timestamps: options.timestamps ?? false,
    sinceNs: options.sinceNs,
    untilNs: options.untilNs,
  });
  const follow = options.follow ?? false;
  using change = follow ? new ChangeWatcher(options.path) : undefined;
  using cursor = new Cursor(options.path, startOf(options));
  const live = () => !framer.over && !options.signal?.aborted;
  while (live()) {
    // Asked before reading: what is written until it ends is then read in this round.
    const running = follow && (options.isRunning?.() ?? true);
    const seen = change?.count;
    for (let piece = await cursor.next(); piece !== undefined && live(); piece = await cursor.next()) {
      yield* framer.feed(piece);
    }
    if (!running || !live()) break;
    await change?.after(seen ?? 0, options.signal);
  }
  if (!options.signal?.aborted) yield* framer.finish();
}

function startOf(options: ReadLogOptions): LogPosition | undefined {
  const { path, tail, stdout, stderr, tty } = options;
  if (tail !== undefined && tail >= 0) return findTail(path, { lines: tail, stdout: stdout || tty, stderr });
  const first = logFiles(path)[0];
  return first === undefined ? undefined : { file: first, offset: 0 };
}

/** Reads whole lines, file after file; a file that is renamed under it is still the same file. */
class Cursor implements Disposable {
  readonly #path: string;
  #start: LogPosition | undefined;
  /** Descriptor. */
  #file: number | undefined;
  #inode = 0;
  #offset = 0;
  #buffer: Buffer = Buffer.allocUnsafeSlow(readBytes);
  /** Bytes of a line without its end, at the beginning of the buffer. */
  #kept = 0;
  /** Holds what was given out last. */
  #other: Buffer | undefined;

  constructor(path: string, start: LogPosition | undefined) {
    this.#path = path;
    this.#start = start;
  }

  /** The next lines, valid until the next call. Undefined: all that is written so far has been read. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const file = this.#file ?? this.#openNext();
      if (file === undefined) return undefined;
      const lines = await this.#read(file);
      if (lines !== undefined) return lines;
      // At the end of this file: the writer may have gone on in a newer one.
      if (!this.#hasNewer()) return undefined;
      // It may have written its last words here between the two looks.
      const late = await this.#read(file);
      if (late !== undefined) return late;
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  async #read(file: number): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#kept === this.#buffer.length) this.#grow();
      const room = this.#buffer.length - this.#kept;
      const { bytesRead } = await readPart(file, this.#buffer, this.#kept, room, this.#offset);
      if (bytesRead === 0) return undefined;
      this.#offset += bytesRead;
      const filled = this.#kept + bytesRead;
      const end = this.#buffer.subarray(0, filled).lastIndexOf(newline) + 1;
      if (end === 0) {
        this.#kept = filled;
        continue;
      }
      const lines = this.#buffer.subarray(0, end);
      // The rest moves into a second buffer, so that these lines stay valid.
      const next = this.#spare(filled - end);
      this.#buffer.copy(next, 0, end, filled);
      this.#other = this.#buffer;
      this.#buffer = next;
      this.#kept = filled - end;
      return lines;
    }
  }

  #spare(atLeast: number): Buffer {
    const other = this.#other;
    return other !== undefined && other.length > atLeast
      ? other
      : Buffer.allocUnsafeSlow(Math.max(readBytes, atLeast * 2));
  }

  #grow(): void {
    const bigger = Buffer.allocUnsafeSlow(this.#buffer.length * 2);
    this.#buffer.copy(bigger, 0, 0, this.#kept);
    this.#buffer = bigger;
  }

  /**
   * Opens where reading starts, or the file that follows the one just left. At once: were the files rotated between
   * the choice and the opening, another one would have the name by then, and lines would be lost.
   */
  #openNext(): number | undefined {
    const path = this.#start?.file ?? this.#following() ?? (this.#inode === 0 ? this.#path : undefined);
    if (path === undefined) return undefined;
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      return undefined;
    }
    this.#file = file;
    this.#inode = fstatSync(file).ino;
    this.#offset = this.#start?.offset ?? 0;
    this.#start = undefined;
    this.#kept = 0;
    return file;
  }

  #hasNewer(): boolean {
    return this.#following() !== undefined;
  }

  /** The file after ours. Ours is not among them any more: the oldest there is. */
  #following(): string | undefined {
    if (this.#inode === 0) return undefined;
    const files = logFiles(this.#path);
    const index = files.findIndex((file) => inodeOf(file) === this.#inode);
    return files[index + 1];
  }
}

/** Notices that the log has changed. */
class ChangeWatcher implements Disposable {
  count = 0;
  readonly #watcher: FSWatcher;
  #wake: () => void = () => {};

  constructor(path: string) {
    const name = basename(path);
    this.#watcher = watch(dirname(path), (_, changed) => {
      if (changed !== null && !changed.startsWith(name)) return;
      this.count += 1;
      this.#wake();
    });
    // The folder may be removed while it is watched.
    this.#watcher.on('error', () => this.#wake());
  }

  /** Resolves once there was a change after the one numbered `seen`, or after a while, or on abort. */
  after(seen: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.count > seen || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, pollMs);
      signal?.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}
