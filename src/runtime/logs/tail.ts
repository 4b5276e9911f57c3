// Finding the last lines of a log without reading it from the start.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { logFiles } from './files.ts';
import { type LinePlaces, newline, parseLine } from './line.ts';

/** Where reading starts: a byte of a file. */
export interface LogPosition {
  file: string;
  offset: number;
}

const blockBytes = 256 * 1024;

interface TailWish {
  lines: number;
  stdout: boolean;
  stderr: boolean;
}

/**
 * The start of the last `lines` lines (texts ended by a newline, of the wanted streams). Fewer there: the
 * start of the oldest file. Undefined: there is no log.
 */
export function findTail(path: string, wish: TailWish): LogPosition | undefined {
  const files = logFiles(path).reverse();
  const counter = new TailCounter(wish);
  for (const file of files) {
    const offset = scanBackwards(file, counter);
    if (offset !== undefined) return { file, offset };
  }
  const oldest = files.at(-1);
  return oldest === undefined ? undefined : { file: oldest, offset: 0 };
}

/** Counts lines from the newest to the oldest. */
class TailCounter {
  readonly #wish: TailWish;
  readonly #places: LinePlaces = { stream: 1, partial: false, timeEnd: 0, textStart: 0 };
  /** Per stream: the text that a partial line would be the beginning of is one that counts already. */
  #seen = 0;
  #newest = true;

  constructor(wish: TailWish) {
    this.#wish = wish;
  }

  /** True: this line is one too many. The line after it is where the tail begins. */
  isBeyond(bytes: Uint8Array, start: number, end: number): boolean {
    if (!parseLine(bytes, start, end, this.#places)) return false;
    const { stream, partial } = this.#places;
    if (!(stream === 1 ? this.#wish.stdout : this.#wish.stderr)) return false;
    // A partial line belongs to the full one after it; at the very end of the log it stands for itself.
    if (!partial || this.#newest) this.#seen += 1;
    this.#newest = false;
    return this.#seen > this.#wish.lines;
  }
}

/** Offset of the line after the first that is beyond; undefined where the whole file belongs to the tail. */
function scanBackwards(file: string, counter: TailCounter): number | undefined {
  const descriptor = openSync(file, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let blockEnd = fstatSync(descriptor).size; blockEnd > 0; ) {
      const blockStart = Math.max(0, blockEnd - blockBytes);
      const block = Buffer.alloc(blockEnd - blockStart);
      readSync(descriptor, block, 0, block.length, blockStart);
      const bytes = rest.length === 0 ? block : Buffer.concat([block, rest]);
      const found = scanBlock(bytes, { isFirst: blockStart === 0, counter });
      if (found.next !== undefined) return blockStart + found.next;
      rest = bytes.subarray(0, found.unread);
      blockEnd = blockStart;
    }
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

interface BlockScan {
  /** Bytes at the beginning that are the end of a line which starts in an earlier block. */
  unread: number;
  /** Start of the line after the one beyond. */
  next?: number;
}

function scanBlock(
  bytes: Buffer,
  { isFirst, counter }: { isFirst: boolean; counter: TailCounter },
): BlockScan {
  let end = bytes.lastIndexOf(newline);
  while (end >= 0) {
    const before = end === 0 ? -1 : bytes.lastIndexOf(newline, end - 1);
    if (before < 0 && !isFirst) break;
    if (counter.isBeyond(bytes, before + 1, end)) return { unread: 0, next: end + 1 };
    end = before;
  }
  return { unread: end + 1 };
}
