// Shows the steps of a plan as they are done: ` Container shop-web-1  Started`.
import { globalsOf, hasColours, isDry } from '#cli/commands/compose/globals.ts';
import type { Cli } from '#cli/context.ts';
import type { StepEvent } from '#compose/execute/session.ts';
import type { Step } from '#compose/plan/steps.ts';

interface View {
  project: string;
  silent: boolean;
}

export interface StepsDisplay extends Disposable {
  show(event: StepEvent): void;
}

const words: Record<Step['kind'], readonly [thing: string, begun: string, done: string]> = {
  'create-network': ['Network', 'Creating', 'Created'],
  'remove-network': ['Network', 'Removing', 'Removed'],
  'create-volume': ['Volume', 'Creating', 'Created'],
  'remove-volume': ['Volume', 'Removing', 'Removed'],
  'remove-image': ['Image', 'Removing', 'Removed'],
  build: ['Image', 'Building', 'Built'],
  pull: ['Image', 'Pulling', 'Pulled'],
  'create-container': ['Container', 'Creating', 'Created'],
  'start-container': ['Container', 'Starting', 'Started'],
  'stop-container': ['Container', 'Stopping', 'Stopped'],
  'remove-container': ['Container', 'Removing', 'Removed'],
  'unpause-container': ['Container', 'Unpausing', 'Unpaused'],
  provide: ['Service', 'Creating', 'Created'],
  dismiss: ['Service', 'Removing', 'Removed'],
  'pre-start': ['pre_start', 'Running', 'Done'],
};

/** Writes to stderr: a line a thing that is drawn anew in a terminal, a line a change elsewhere. */
export function openSteps(cli: Cli, view: View): StepsDisplay {
  if (view.silent) return { show: () => undefined, [Symbol.dispose]: () => undefined };
  const { progress = 'auto' } = globalsOf(cli);
  if (isDry(cli)) return plainSteps(cli);
  const moves = progress !== 'plain' && cli.stderr.isTTY === true && hasColours(cli, true);
  return moves || progress === 'tty' ? new MovingSteps(cli) : plainSteps(cli);
}

/** `Container shop-web-1`, and what is done to it. */
export function wordsOf({ step, phase, waits }: StepEvent): { title: string; state: string } {
  const [thing, begun, done] = words[step.kind];
  const replaced = step.kind === 'create-container' && step.replaces !== undefined;
  const name = 'image' in step ? step.image : step.name;
  const title = `${thing} ${name}`;
  if (phase === 'failed') return { title, state: 'Error' };
  if (waits !== undefined) return { title, state: `Waiting for ${waits}` };
  if (phase === 'begun' && step.kind === 'start-container') {
    const goals = step.waitFor?.filter(({ condition }) => condition !== 'service_started') ?? [];
    if (goals.length > 0) return { title, state: `Waiting for ${goals.map(goal).join(', ')}` };
  }
  if (replaced) return { title, state: phase === 'begun' ? 'Recreate' : 'Recreated' };
  return { title, state: phase === 'begun' ? begun : done };
}

function goal({ service, condition }: { service: string; condition: string }): string {
  return condition === 'service_healthy' ? `${service} (healthy)` : `${service} (completed)`;
}

function plainSteps(cli: Cli): StepsDisplay {
  return {
    show(event) {
      if (event.note !== undefined) return;
      const { title, state } = wordsOf(event);
      cli.warn(` ${title}  ${state}`);
    },
    [Symbol.dispose]: () => undefined,
  };
}

interface Row {
  title: string;
  state: string;
  over: boolean;
  failed: boolean;
}

class MovingSteps implements StepsDisplay {
  readonly #cli: Cli;
  readonly #rows = new Map<string, Row>();
  #drawn = 0;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  show(event: StepEvent): void {
    // A build writes lines of its own: rows above them could not be found again.
    if (event.step.kind === 'build') {
      this[Symbol.dispose]();
      const { title, state } = wordsOf(event);
      this.#cli.warn(` ${title}  ${state}`);
      return;
    }
    const { title, state } = wordsOf(event);
    const note = event.note ?? state;
    this.#rows.set(title, {
      title,
      state: note,
      over: event.phase === 'done',
      failed: event.phase === 'failed',
    });
    this.#draw();
  }

  #draw(): void {
    const { stderr } = this.#cli;
    const width = (stderr.columns ?? 80) - 1;
    const rows = [...this.#rows.values()].slice(-Math.max(1, (stderr.rows ?? 24) - 2));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    stderr.write(up + rows.map((row) => `\r\x1b[2K${drawn(row, width)}\n`).join(''));
    this.#drawn = rows.length;
  }

  /** What comes after is written below. */
  [Symbol.dispose](): void {
    this.#rows.clear();
    this.#drawn = 0;
  }
}

function drawn({ title, state, over, failed }: Row, width: number): string {
  const mark = failed ? '✘' : over ? '✔' : '⠿';
  const colour = failed ? '\x1b[31m' : over ? '\x1b[32m' : '\x1b[33m';
  const text = ` ${mark} ${title}  `;
  return `${text.slice(0, width)}${colour}${state.slice(0, Math.max(0, width - text.length))}\x1b[0m`;
}
