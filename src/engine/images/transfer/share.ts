// Two who ask for the same work at once get one run of it, and both see its progress.
import type { ProgressLine } from '#shared/contract/image.ts';
import { cancelled } from '#shared/errors.ts';
import type { OnProgress } from './progress.ts';

export interface Watcher {
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

interface Running<T> {
  result: Promise<T>;
  watchers: Set<Watcher>;
  /** Newest line of each thing, for those who come late. */
  newest: Map<string, ProgressLine>;
  stop: AbortController;
}

export class SharedWork<T> {
  #running = new Map<string, Running<T>>();

  /**
   * Joins the run under `key`, or starts it. A watcher whose signal fires gets `cancelled`; the run itself ends when
   * its last watcher has gone.
   */
  async join(
    key: string,
    start: (tell: OnProgress, signal: AbortSignal) => Promise<T>,
    watcher: Watcher,
  ): Promise<T> {
    if (watcher.signal?.aborted) throw cancelled('context canceled');
    const found = this.#running.get(key);
    const running = found ?? this.#start(key, start);
    running.watchers.add(watcher);
    if (found !== undefined) for (const line of running.newest.values()) watcher.onProgress?.(line);
    return await this.#watch(key, running, watcher);
  }

  #start(key: string, start: (tell: OnProgress, signal: AbortSignal) => Promise<T>): Running<T> {
    const watchers = new Set<Watcher>();
    const newest = new Map<string, ProgressLine>();
    const stop = new AbortController();
    const tell: OnProgress = (line) => {
      newest.set(line.id ?? `${line.status}`, line);
      for (const { onProgress } of watchers) onProgress?.(line);
    };
    // The watcher joins in this same tick, so the work may not speak before the next.
    const result = Promise.resolve().then(() => start(tell, stop.signal));
    const running: Running<T> = { result, watchers, newest, stop };
    this.#running.set(key, running);
    const forget = () => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    result.then(forget, forget);
    return running;
  }

  async #watch(key: string, running: Running<T>, watcher: Watcher): Promise<T> {
    const { signal } = watcher;
    const gone = Promise.withResolvers<never>();
    const onAbort = () => gone.reject(cancelled('context canceled'));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([running.result, gone.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      running.watchers.delete(watcher);
      if (running.watchers.size === 0) {
        if (this.#running.get(key) === running) this.#running.delete(key);
        running.stop.abort();
        // The last one out waits for the undo, so that what follows finds the store clean.
        await running.result.catch(() => {});
      }
    }
  }
}
