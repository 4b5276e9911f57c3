// A job that reads from a source: whichever fails, both end, and the failure that came first by itself is told.
import { asEngineError, cancelled } from '#shared/errors.ts';
import { isReaderGone, type PlainSource } from './plain-source.ts';

/** Runs `work` on the source's descriptor, and closes the source. */
export async function reading<T>(
  source: PlainSource,
  signal: AbortSignal | undefined,
  work: (fd: number) => Promise<T>,
): Promise<T> {
  const stop = (): void => source.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const [result] = await Promise.allSettled([work(source.fd)]);
    if (result.status === 'rejected') source.close();
    const [ended] = await Promise.allSettled([source.ended]);
    if (signal?.aborted) throw cancelled('cancelled');
    if (ended.status === 'rejected' && !isReaderGone(ended.reason)) throw asEngineError(ended.reason);
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  } finally {
    signal?.removeEventListener('abort', stop);
    source.close();
  }
}
