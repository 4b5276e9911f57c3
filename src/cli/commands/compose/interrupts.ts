// Interrupts while containers are worked on: the first asks to come to an end, the second insists.
import type { Cli } from '#cli/context.ts';
import { cancelled } from '#shared/errors.ts';

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

/**
 * The deed's outcome. The first interrupt is for the deed itself, which ends after the steps that it has begun; at the
 * second nobody waits for it any more, and `cancelled` is thrown.
 */
export async function untilInsisted<T>(
  cli: Cli,
  { first, second }: Interrupts,
  deed: Promise<T>,
): Promise<T> {
  const tell = () => cli.warn('Gracefully Stopping... press Ctrl+C again to force');
  first.addEventListener('abort', tell, { once: true });
  try {
    return await Promise.race([deed, aborted(second).then(() => Promise.reject(cancelled('canceled')))]);
  } finally {
    first.removeEventListener('abort', tell);
    // It may still fail, with nobody there to be told.
    deed.catch(() => undefined);
  }
}
