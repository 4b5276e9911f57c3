// An attempt that undoes itself: register the undo in the line after the deed, call keep() on success.

type Undo = () => unknown;

/**
 * Bound with `await using`. Unless `keep()` was called, leaving the block runs every registered undo, last
 * first; an undo that fails does not stop the others, and the first failure is thrown once all have run.
 */
export class Scope implements AsyncDisposable {
  #undos: Undo[] = [];

  /** Registers what takes back the deed that was just done. Undos must be safe to run more than once. */
  undo(step: Undo): void {
    this.#undos.push(step);
  }

  /** The attempt succeeded: nothing will be undone. */
  keep(): void {
    this.#undos = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const steps = this.#undos.reverse();
    this.#undos = [];
    let failed = false;
    let failure: unknown;
    for (const step of steps) {
      try {
        await step();
      } catch (thrown) {
        if (!failed) failure = thrown;
        failed = true;
      }
    }
    if (failed) throw failure;
  }
}
