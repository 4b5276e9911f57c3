// Room that is kept for a full disk: given back so that what must still be recorded can be.
import { rmSync, statSync, writeFileSync } from 'node:fs';

const reserveBytes = 1 << 20;
const againAfterMs = 10_000;

/** A file of real bytes beside the database. */
export class Reserve {
  readonly #file: string;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #held = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** The reserve is there, unless the disk is full; asks again at most every ten seconds. */
  ensure(): void {
    const nowMs = performance.now();
    if (this.#held || nowMs - this.#triedAtMs < againAfterMs) return;
    this.#triedAtMs = nowMs;
    this.#held = statSync(this.#file, { throwIfNoEntry: false })?.size === reserveBytes || this.#make();
  }

  /** True where there was one to give back. */
  release(): boolean {
    const held = this.#held;
    rmSync(this.#file, { force: true });
    this.#held = false;
    this.#triedAtMs = performance.now();
    return held;
  }

  #make(): boolean {
    try {
      writeFileSync(this.#file, Buffer.alloc(reserveBytes, 1));
      return true;
    } catch {
      rmSync(this.#file, { force: true });
      return false;
    }
  }
}
