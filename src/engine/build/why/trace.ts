// What each build did, kept so that the next build of the same thing can say what changed.
import type { Collection } from '#storage/state/collection.ts';
import type { State } from '#storage/state/state.ts';

export interface StepTrace {
  /** Name of the stage, or its number. */
  stage: string;
  /** In the stage; 0 is FROM. */
  position: number;
  line: number;
  /** As in the Dockerfile. */
  text: string;
  key: string;
  cached: boolean;
  /** Why it ran, in words; absent where it was cached, or nothing is known of an earlier build. */
  cause?: string;
  /** Milliseconds since the build began. */
  startMs: number;
  endMs: number;
}

export interface BuildTrace {
  /** RFC 3339. */
  started: string;
  steps: StepTrace[];
}

/** Traces by what was built: its first tag, else the path of its Dockerfile. */
export class Traces {
  #records: Collection<BuildTrace>;

  constructor(state: State) {
    this.#records = state.collection<BuildTrace>('build-traces');
  }

  find(subject: string): BuildTrace | undefined {
    return this.#records.get(subject);
  }

  put(subject: string, trace: BuildTrace): void {
    this.#records.put(subject, trace);
  }

  /** The build that began last. */
  latest(): { subject: string; trace: BuildTrace } | undefined {
    const all = this.#records.all().sort((a, b) => (a.value.started < b.value.started ? 1 : -1));
    const [first] = all;
    return first === undefined ? undefined : { subject: first.id, trace: first.value };
  }
}

/** The trace of a build that goes on, beside the one before it. */
export class Tracing {
  readonly trace: BuildTrace;
  readonly before: BuildTrace | undefined;
  readonly #began = performance.now();

  constructor(started: string, before: BuildTrace | undefined) {
    this.trace = { started, steps: [] };
    this.before = before;
  }

  now(): number {
    return Math.round((performance.now() - this.#began) * 10) / 10;
  }

  add(step: StepTrace): void {
    this.trace.steps.push(step);
  }

  /** Steps of that stage in the build before. */
  stageBefore(stage: string): StepTrace[] {
    return (this.before?.steps ?? []).filter((step) => step.stage === stage);
  }
}
