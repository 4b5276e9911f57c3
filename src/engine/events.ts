// What happened in the engine, as it happens: a short history and live subscriptions.
import type { EngineEvent } from '#shared/contract/event.ts';
import type { Filters } from '#shared/notation/filter.ts';
import { nowMs } from '#shared/notation/time.ts';
import { matchesEvent } from './events-filter.ts';

/** A point in time as `parseTimestamp` gives it. */
export interface EventTime {
  seconds: number;
  nanos: number;
}

export interface EventQuery {
  /** Replay what is remembered from this moment on; absent: only what comes. */
  since?: EventTime;
  /** The stream ends at this moment; in the past: replay, then end. */
  until?: EventTime;
  filters?: Filters;
  signal?: AbortSignal;
}

export type EventType = EngineEvent['Type'];

const rememberedEvents = 1_000;
/** A reader this far behind loses the oldest: events must not hold memory without bound. */
const longestBacklog = 10_000;

const nanosOf = (time: EventTime): number => time.seconds * 1e9 + time.nanos;

/** Announces what is already durable and visible. Remembers the last 1,000 events; owns no resource. */
export class EventLog {
  #history: EngineEvent[] = [];
  #listeners = new Set<(event: EngineEvent) => void>();

  /** Tells every subscriber, before it returns, that `action` happened to the thing `id`. */
  emit(type: EventType, action: string, id: string, attributes: Record<string, string> = {}): void {
    const event = newEvent(type, action, { ID: id, Attributes: attributes });
    this.#history.push(event);
    if (this.#history.length > rememberedEvents) this.#history.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** How many follow the events just now, the engine's own parts among them. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Calls `listener` for each event from now on, until the returned function is called. */
  listen(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Events that match, oldest first. Listening begins with the call; ends at `until` or when `signal` aborts. */
  subscribe(query: EventQuery = {}): AsyncIterable<EngineEvent> {
    const queue = new EventQueue();
    const filters = query.filters;
    const wanted = (event: EngineEvent): boolean => filters === undefined || matchesEvent(event, filters);
    for (const event of this.#remembered(query)) if (wanted(event)) queue.push(event);
    const untilMs = query.until === undefined ? undefined : nanosOf(query.until) / 1e6;
    if (untilMs !== undefined && untilMs <= Date.now()) {
      queue.end();
      return queue;
    }
    const forget = this.listen((event) => wanted(event) && queue.push(event));
    const timer = untilMs === undefined ? undefined : endLater(queue, untilMs);
    queue.onEnd(() => {
      forget();
      if (timer !== undefined) clearTimeout(timer);
    });
    if (query.signal?.aborted) queue.end();
    else query.signal?.addEventListener('abort', () => queue.end(), { once: true });
    return queue;
  }

  #remembered(query: EventQuery): EngineEvent[] {
    if (query.since === undefined && query.until === undefined) return [];
    const from = query.since === undefined ? 0 : nanosOf(query.since);
    const to = query.until === undefined ? Number.POSITIVE_INFINITY : nanosOf(query.until);
    return this.#history.filter((event) => event.timeNano >= from && event.timeNano <= to);
  }
}

function endLater(queue: EventQueue, untilMs: number): NodeJS.Timeout {
  // A longer timer would fire at once; nobody waits 24 days on one connection.
  const waitMs = Math.min(untilMs - Date.now(), 2 ** 31 - 1);
  return setTimeout(() => queue.end(), waitMs).unref();
}

function newEvent(type: EventType, action: string, actor: EngineEvent['Actor']): EngineEvent {
  const atMs = nowMs();
  const event: EngineEvent = {
    Type: type,
    Action: action,
    Actor: actor,
    scope: 'local',
    time: Math.floor(atMs / 1000),
    timeNano: Math.round(atMs * 1e6),
  };
  if (type !== 'container' && type !== 'image') return event;
  event.status = action;
  event.id = actor.ID;
  const from = actor.Attributes['image'];
  if (type === 'container' && from !== undefined) event.from = from;
  return event;
}

/** One subscriber's events, waiting to be read by one reader. */
class EventQueue implements AsyncIterable<EngineEvent> {
  #waiting: EngineEvent[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #endings: (() => void)[] = [];

  push(event: EngineEvent): void {
    if (this.#ended) return;
    this.#waiting.push(event);
    if (this.#waiting.length > longestBacklog) this.#waiting.shift();
    this.#wake?.();
  }

  onEnd(listener: () => void): void {
    this.#endings.push(listener);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const ending of this.#endings) ending();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EngineEvent> {
    try {
      for (;;) {
        const event = this.#waiting.shift();
        if (event !== undefined) yield event;
        else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.end();
    }
  }
}
