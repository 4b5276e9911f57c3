// Trying again: waits that double, with jitter, or as long as the registry asked for.
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '#shared/errors.ts';
import { RegistryFailure } from './failures.ts';

export interface RetryPolicy {
  /** How often something is tried in all. */
  attempts: number;
  firstDelayMs: number;
  maxDelayMs: number;
  /** A registry that asks for a longer wait is given up at once. */
  maxRetryAfterMs: number;
}

export const defaultRetry: RetryPolicy = {
  attempts: 5,
  firstDelayMs: 300,
  maxDelayMs: 10_000,
  maxRetryAfterMs: 60_000,
};

/** Throws `cancelled` once the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled('context canceled', { cause: signal.reason });
}

/** True where a failure may be gone the next time and the registry does not ask for too long a wait. */
export function isWorthRetrying(thrown: unknown, policy: RetryPolicy): thrown is RegistryFailure {
  return (
    thrown instanceof RegistryFailure &&
    thrown.transient &&
    (thrown.retryAfterMs ?? 0) <= policy.maxRetryAfterMs
  );
}

/** Waits before try number `tried + 1`; throws `cancelled` when the signal fires. */
export async function pauseBefore(
  tried: number,
  failure: RegistryFailure,
  { policy, signal }: { policy: RetryPolicy; signal?: AbortSignal | undefined },
): Promise<void> {
  const doubled = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.max(0, tried - 1));
  const delayMs = failure.retryAfterMs ?? doubled * (0.75 + Math.random() / 2);
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch {
    throwIfCancelled(signal);
  }
}

/** Runs `work` until it succeeds, fails for good, or was tried often enough: then its last failure is thrown. */
export async function withRetry<T>(
  work: () => Promise<T>,
  options: { policy: RetryPolicy; signal?: AbortSignal | undefined },
): Promise<T> {
  for (let tried = 1; ; tried++) {
    throwIfCancelled(options.signal);
    try {
      return await work();
    } catch (thrown) {
      throwIfCancelled(options.signal);
      if (tried >= options.policy.attempts || !isWorthRetrying(thrown, options.policy)) throw thrown;
      await pauseBefore(tried, thrown, options);
    }
  }
}
