// What is known of a container only while this engine runs: waiters, streams, execs, work under way.
import type { Exit } from '#runtime/exits.ts';
import type { ExecRecord } from '../io/exec-record.ts';

/** The end of a run as the runtime tells it. */
export interface ExitReport extends Exit {
  oomKilled?: boolean;
}

export interface ExitNews {
  exitCode: number;
  error: string;
}

/** Called by whoever attached before the start, once the process is there but has not run yet. */
export type BeforeRun = () => void | Promise<void>;

type Moment = 'exit' | 'removed';

/** One per known container; dropped when the container is removed. */
export class LiveContainer {
  /** Teardown after an exit. Whoever needs mounts or networks gone awaits it; it never rejects. */
  cleanup: Promise<void> = Promise.resolve();
  /** The teardown that waits a moment begins now. */
  hastenCleanup: () => void = () => {};
  /** Set while a restart policy waits for its next try. */
  restartTimer: NodeJS.Timeout | undefined;
  /** How long the restart policy waits next. */
  backOffMs = 0;
  /** When the process of this start began to run, by `performance.now()`. */
  startedMs = 0;
  /** An exit that came before the start was told; the start settles it. */
  earlyExit: ExitReport | undefined;
  /** Readers and writers of the mounted root of a container that does not run. */
  rootfsUsers = 0;
  execs = new Map<string, ExecRecord>();
  /** Attached streams whose output has not been read to its end yet. */
  readonly streams = new Set<Promise<void>>();
  /** Ends what follows this run: health probes, log rotation. */
  runEnded: AbortController = new AbortController();
  #waiters: Record<Moment, Set<(news: ExitNews) => void>> = { exit: new Set(), removed: new Set() };
  #beforeRun = new Set<BeforeRun>();

  /** The restart policy's next try is off. */
  cancelRestart(): void {
    if (this.restartTimer !== undefined) clearTimeout(this.restartTimer);
    this.restartTimer = undefined;
  }

  /** A stream is being read; the returned function says that it is no more. */
  addStream(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.streams.add(promise);
    return () => {
      this.streams.delete(promise);
      resolve();
    };
  }

  /** Resolves once every attached stream was read to its end, or after `longestMs`. */
  async drained(longestMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, longestMs);
    });
    await Promise.race([Promise.all(this.streams), late]);
    clearTimeout(timer);
  }

  /** Calls back once, at the next exit or removal; the returned function forgets it. */
  onNext(moment: Moment, waiter: (news: ExitNews) => void): () => void {
    this.#waiters[moment].add(waiter);
    return () => this.#waiters[moment].delete(waiter);
  }

  tell(moment: Moment, news: ExitNews): void {
    const waiting = [...this.#waiters[moment]];
    this.#waiters[moment].clear();
    for (const waiter of waiting) waiter(news);
  }

  /** `listener` runs at the next start, between create and run of the process, so that no output is missed. */
  beforeRun(listener: BeforeRun): () => void {
    this.#beforeRun.add(listener);
    return () => this.#beforeRun.delete(listener);
  }

  async tellBeforeRun(): Promise<void> {
    const waiting = [...this.#beforeRun];
    this.#beforeRun.clear();
    await Promise.all(waiting.map((listener) => listener()));
  }
}

/** The live half of every container, made on first use. */
export class LiveContainers {
  #all = new Map<string, LiveContainer>();

  of(id: string): LiveContainer {
    const known = this.#all.get(id);
    if (known !== undefined) return known;
    const made = new LiveContainer();
    this.#all.set(id, made);
    return made;
  }

  all(): LiveContainer[] {
    return [...this.#all.values()];
  }

  forget(id: string): void {
    this.#all.delete(id);
  }
}
