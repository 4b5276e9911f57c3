// From log lines to what a client gets: framed or raw, many lines in one buffer, nothing allocated per line.
import { type LinePlaces, newline, parseLine } from './line.ts';
import { parseLogTime, toDockerTime } from './time.ts';

export interface FrameOptions {
  stdout: boolean;
  stderr: boolean;
  /** The 8-byte header of Docker's multiplexed streams (API, attach) before each line. */
  framed: boolean;
  /** The line's time and a space before each line. */
  timestamps: boolean;
  /** Nanoseconds since 1970; lines before it are left out. */
  sinceNs: bigint | undefined;
  /** Lines from here on are left out, and with the first of them the log is over. */
  untilNs: bigint | undefined;
}

const headerBytes = 8;
const outBytes = 256 * 1024;
/** Longest text kept together when a process writes no newline; Docker's own limit is 16 KiB. */
const longestLine = 1024 * 1024;

type Verdict = 'take' | 'skip' | 'over';

/** Feed it pieces of the log in order. Texts marked partial are put together with what follows them. */
export class LineFramer {
  /** A line at or after `untilNs` was seen. */
  over = false;
  readonly #options: FrameOptions;
  readonly #places: LinePlaces = { stream: 1, partial: false, timeEnd: 0, textStart: 0 };
  /** Begun and not ended texts, by stream. */
  readonly #open: [never[], Buffer[], Buffer[]] = [[], [], []];
  readonly #openBytes = [0, 0, 0];
  readonly #openTime = ['', '', ''];
  #out = Buffer.allocUnsafeSlow(outBytes);
  #used = 0;
  #done: Buffer[] = [];
  #seconds: Uint8Array = new Uint8Array(0);
  #verdict: Verdict = 'take';

  constructor(options: FrameOptions) {
    this.#options = options;
  }

  /** Takes whole lines: `bytes` must end with a newline. Returns what is ready for the client. */
  feed(bytes: Buffer): Buffer[] {
    let start = 0;
    while (start < bytes.length && !this.over) {
      const end = bytes.indexOf(newline, start);
      if (end < 0) break;
      if (parseLine(bytes, start, end, this.#places)) this.#line(bytes, start, end);
      start = end + 1;
    }
    return this.#flush();
  }

  /** What was written without a newline at the very end. */
  finish(): Buffer[] {
    for (const stream of [1, 2] as const) {
      if (this.#openBytes[stream]) this.#writeOpen(stream, Buffer.alloc(0));
    }
    return this.#flush();
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const { stream, partial, timeEnd, textStart } = this.#places;
    if (!(stream === 1 ? this.#options.stdout : this.#options.stderr)) return;
    if (this.#options.sinceNs !== undefined || this.#options.untilNs !== undefined) {
      const verdict = this.#judge(bytes, start, timeEnd);
      this.over ||= verdict === 'over';
      if (verdict !== 'take') return;
    }
    if (partial || this.#openBytes[stream]) this.#collect(bytes, start, end);
    else this.#write(stream, this.#timeOf(bytes, start, timeEnd), bytes, textStart, end + 1);
  }

  #judge(bytes: Buffer, start: number, timeEnd: number): Verdict {
    // conmon gives all lines of one read the same time.
    const same = this.#seconds;
    if (same.length === timeEnd - start && bytes.compare(same, 0, same.length, start, timeEnd) === 0) {
      return this.#verdict;
    }
    this.#seconds = bytes.subarray(start, timeEnd);
    const { sinceNs, untilNs } = this.#options;
    const time = parseLogTime(bytes.toString('latin1', start, timeEnd));
    if (time === undefined) this.#verdict = 'take';
    else if (sinceNs !== undefined && time < sinceNs) this.#verdict = 'skip';
    else this.#verdict = untilNs !== undefined && time >= untilNs ? 'over' : 'take';
    return this.#verdict;
  }

  #timeOf(bytes: Buffer, start: number, timeEnd: number): string {
    return this.#options.timestamps ? `${toDockerTime(bytes.toString('latin1', start, timeEnd))} ` : '';
  }

  #collect(bytes: Buffer, start: number, end: number): void {
    const { stream, partial, timeEnd, textStart } = this.#places;
    if (!this.#openBytes[stream]) this.#openTime[stream] = this.#timeOf(bytes, start, timeEnd);
    // A copy: the caller's buffer is used again.
    const text = Buffer.from(bytes.subarray(textStart, partial ? end : end + 1));
    if (!partial) {
      this.#writeOpen(stream, text);
      return;
    }
    this.#open[stream].push(text);
    this.#openBytes[stream] = (this.#openBytes[stream] ?? 0) + text.length;
    if ((this.#openBytes[stream] ?? 0) > longestLine) this.#writeOpen(stream, Buffer.alloc(0));
  }

  #writeOpen(stream: 1 | 2, last: Buffer): void {
    const text = Buffer.concat([...this.#open[stream], last]);
    this.#open[stream].length = 0;
    this.#openBytes[stream] = 0;
    this.#write(stream, this.#openTime[stream] ?? '', text, 0, text.length);
  }

  #write(stream: 1 | 2, time: string, bytes: Buffer, from: number, to: number): void {
    const textBytes = time.length + to - from;
    const needed = textBytes + headerBytes;
    if (this.#used + needed > this.#out.length) this.#retire(needed);
    let at = this.#used;
    if (this.#options.framed) {
      this.#out.writeUInt32BE((stream << 24) >>> 0, at);
      this.#out.writeUInt32BE(textBytes, at + 4);
      at += headerBytes;
    }
    if (time !== '') at += this.#out.write(time, at, 'latin1');
    this.#used = at + bytes.copy(this.#out, at, from, to);
  }

  /** The full buffer goes out; the next one has room for `needed` bytes. */
  #retire(needed: number): void {
    if (this.#used > 0) this.#done.push(this.#out.subarray(0, this.#used));
    this.#out = Buffer.allocUnsafeSlow(Math.max(outBytes, needed));
    this.#used = 0;
  }

  #flush(): Buffer[] {
    if (this.#used > 0) {
      // The receiver keeps what it gets; the rest of the buffer is still ours.
      this.#done.push(this.#out.subarray(0, this.#used));
      this.#out = this.#out.subarray(this.#used);
      this.#used = 0;
      if (this.#out.length < outBytes / 8) this.#out = Buffer.allocUnsafeSlow(outBytes);
    }
    const done = this.#done;
    this.#done = [];
    return done;
  }
}
