// The record of a build that goes on, beside those of the builds before it.
import { canonicalJson } from '../cache/key.ts';
import type { ImageState } from '../image-state.ts';
import type { BuildDetail, Phase, StepEnvironment, StepRecord, Wait } from './record.ts';

export class Tracing {
  readonly #before: readonly BuildDetail[];
  readonly #began = performance.now();
  readonly #steps: StepRecord[] = [];
  readonly #phases: Phase[] = [];
  readonly #environments = new Map<string, number>();
  readonly #waits = new Map<string, Wait[]>();
  /** The rules of .dockerignore. */
  ignore = '';

  /** Without builds before it, no cause can be told. */
  constructor(before: readonly BuildDetail[] = []) {
    this.#before = before;
  }

  /** Milliseconds since the build began. */
  now(): number {
    return Math.round((performance.now() - this.#began) * 10) / 10;
  }

  add(step: Omit<StepRecord, 'waits' | 'environment' | 'chainId'>, state: ImageState): void {
    const waits = this.#waits.get(step.stage);
    this.#waits.delete(step.stage);
    const { chainId } = state;
    const environment = this.#environmentOf(state);
    this.#steps.push({ ...step, chainId, environment, ...(waits === undefined ? {} : { waits }) });
  }

  /** Notes what the next step of the stage had to wait for. */
  waited(stage: string, what: string, sinceMs: number): void {
    this.noteWait(stage, what, this.now() - sinceMs);
  }

  /** As `waited`, for so many milliseconds. */
  noteWait(stage: string, what: string, spentMs: number): void {
    const ms = Math.round(spentMs * 10) / 10;
    if (ms < 1) return;
    this.#waits.set(stage, [...(this.#waits.get(stage) ?? []), { for: what, ms }]);
  }

  /** Times work that is no step. */
  async phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startMs = this.now();
    try {
      return await work();
    } finally {
      this.#phases.push({ name, startMs, endMs: this.now() });
    }
  }

  /** All that is known now, steps by number. */
  detail(): BuildDetail {
    const steps = [...this.#steps].sort((a, b) => a.number - b.number || a.position - b.position);
    const environments = [...this.#environments.keys()].map((text) => JSON.parse(text) as StepEnvironment);
    return {
      steps,
      environments,
      phases: this.#phases,
      ...(this.ignore === '' ? {} : { ignore: this.ignore }),
    };
  }

  /** Steps of that stage in the build before; what a failed build did not come to is as in the one before that. */
  stageBefore(stage: string): StepRecord[] {
    const known: StepRecord[] = [];
    for (const detail of this.#before) {
      const last = Math.max(-1, ...known.map(({ position }) => position));
      known.push(...detail.steps.filter((step) => step.stage === stage && step.position > last));
    }
    return known;
  }

  /** The rules of .dockerignore in the build before. */
  ignoreBefore(): string {
    return this.#before[0]?.ignore ?? '';
  }

  /** True where an earlier build of the same thing is known. */
  get hasBefore(): boolean {
    return this.#before.length > 0;
  }

  #environmentOf({ config, args, platform }: ImageState): number {
    const set = [...args].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
    const text = canonicalJson({ config, args: Object.fromEntries(set), platform });
    const known = this.#environments.get(text);
    if (known !== undefined) return known;
    this.#environments.set(text, this.#environments.size);
    return this.#environments.size - 1;
  }
}
