// One thing at a time per key: what a door holds while a verb works on one container, image or network.

/** Serialises work by key. Waiters run in the order they came; a failure does not block those behind it. */
export class KeyedLock {
  #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` once everything queued before it under `key` has ended; resolves or rejects as `work` does. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === mine) this.#tails.delete(key);
    }
  }
}
