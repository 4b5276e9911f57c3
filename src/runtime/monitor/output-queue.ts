// What a process writes, from the pipes it comes through to the one who reads, at the reader's pace.

/** 1: stdout (and all of a terminal), 2: stderr. The reader owns `data`. */
export interface OutputChunk {
  stream: 1 | 2;
  data: Buffer;
}

const highWaterBytes = 256 * 1024;

/** One reader. While more than 256 KiB wait for it, the source is asked to pause. */
export class OutputQueue implements AsyncIterable<OutputChunk> {
  #chunks: OutputChunk[] = [];
  #waitingBytes = 0;
  #ended = false;
  #dropping = false;
  #paused = false;
  #wake: () => void = () => {};
  readonly #flow: (go: boolean) => void;

  /** `flow(false)` stops the source, `flow(true)` lets it go on. */
  constructor(flow: (go: boolean) => void) {
    this.#flow = flow;
  }

  push(stream: 1 | 2, data: Buffer): void {
    if (this.#dropping || this.#ended) return;
    this.#chunks.push({ stream, data });
    this.#waitingBytes += data.byteLength;
    if (!this.#paused && this.#waitingBytes > highWaterBytes) this.#setPaused(true);
    this.#wake();
  }

  /** No more will come; what is here can still be read. Safe to repeat. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Nobody reads any more: all that comes is thrown away, and the source never waits. */
  drop(): void {
    this.#dropping = true;
    this.#chunks = [];
    this.#waitingBytes = 0;
    if (this.#paused) this.#setPaused(false);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputChunk> {
    for (;;) {
      const batch = this.#chunks;
      this.#chunks = [];
      for (const chunk of batch) {
        yield chunk;
        this.#waitingBytes = Math.max(0, this.#waitingBytes - chunk.data.byteLength);
        if (this.#paused && this.#waitingBytes <= highWaterBytes / 2) this.#setPaused(false);
      }
      if (this.#chunks.length > 0) continue;
      if (this.#ended || this.#dropping) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#flow(!paused);
  }
}
