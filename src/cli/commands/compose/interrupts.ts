// Interrupts while containers are worked on: the first asks to come to an end, the second insists.

export interface Interrupts extends Disposable {
  /** Aborted by the first. */
  readonly first: AbortSignal;
  /** Aborted by the second. */
  readonly second: AbortSignal;
}

/** Until disposed of, SIGINT and SIGTERM do not end the process. */
export function catchInterrupts(): Interrupts {
  const controllers = [new AbortController(), new AbortController()] as const;
  const listener = () => {
    const [first, second] = controllers;
    if (first.signal.aborted) second.abort();
    else first.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, listener);
  return {
    first: controllers[0].signal,
    second: controllers[1].signal,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}

/** Resolves with the signal. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
