// How many bytes the Hub may hold, blobs and unfinished uploads together.
import { formatBytesDecimal } from '#shared/notation/size.ts';
import { refuse } from '../failures.ts';

export class Quota {
  readonly limitBytes: number | undefined;
  #usedBytes: number;

  constructor(limitBytes: number | undefined, usedBytes: number) {
    this.limitBytes = limitBytes;
    this.#usedBytes = usedBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Counts bytes about to be written; throws DENIED where they would be too many. */
  charge(bytes: number): void {
    this.check(bytes);
    this.#usedBytes += bytes;
  }

  /** Throws DENIED where so many bytes more would be too many. */
  check(bytes: number): void {
    const { limitBytes } = this;
    if (limitBytes === undefined || this.#usedBytes + bytes <= limitBytes) return;
    const used = formatBytesDecimal(this.#usedBytes);
    const limit = formatBytesDecimal(limitBytes);
    throw refuse(
      'DENIED',
      `quota exceeded: this hub holds ${used} of the ${limit} it may hold, and ${formatBytesDecimal(bytes)} more do not fit; delete images that are not needed, or ask its keeper for a larger quota`,
    );
  }

  /** Bytes that are gone. */
  refund(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
  }
}
