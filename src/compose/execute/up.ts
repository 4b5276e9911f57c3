// The verbs that change things: up and down. Each observes, plans, and does exactly that plan.
import { observe } from '#compose/execute/observe.ts';
import { perform } from '#compose/execute/perform.ts';
import { type Provided, withProvided } from '#compose/execute/provided.ts';
import { doInOrder } from '#compose/execute/schedule.ts';
import type { Session } from '#compose/execute/session.ts';
import { waitFor } from '#compose/execute/wait.ts';
import type { Project } from '#compose/model.ts';
import { type DownOptions, planDown } from '#compose/plan/down.ts';
import type { ObservedState } from '#compose/plan/observed.ts';
import { planUp } from '#compose/plan/plan.ts';
import type { PlanOptions } from '#compose/plan/service.ts';
import type { Plan, Step } from '#compose/plan/steps.ts';
import { conflict } from '#shared/errors.ts';

export interface UpOptions extends PlanOptions {
  /** Only plan: nothing is written. */
  dryRun?: boolean;
  /** Wait until every service is healthy, or answers where it has no health check. */
  wait?: boolean;
  timeoutSeconds?: number | undefined;
}

/** Makes the project true at the engine; resolves to the plan that was done. */
export async function up(session: Session, options: UpOptions = {}): Promise<Plan> {
  const first = await observe(session.client, session.project);
  const early = planUp(session.project, first, options);
  for (const warning of early.warnings) session.warn?.(warning);
  if (options.dryRun === true) return early;
  if (session.dryRun === true) {
    await carryOut(session, early.steps, { observed: first, timeoutSeconds: undefined });
    return early;
  }
  const provided: Provided = new Map();
  const before = early.steps.filter(isEarly);
  await carryOut(session, before, { observed: first, timeoutSeconds: options.timeoutSeconds, provided });
  const given: Session = { ...session, project: withProvided(session.project, provided) };
  // Only what was pulled, built or provided tells whether a container still is what its service wants.
  const observed = before.length === 0 ? first : await observe(session.client, given.project);
  const plan = before.length === 0 ? early : planUp(given.project, observed, options);
  const rest = plan.steps.filter((step) => !isEarly(step));
  await carryOut(given, rest, { observed, timeoutSeconds: options.timeoutSeconds });
  if (options.wait === true) {
    await Promise.all(
      waitable(given.project, plan).map((service) =>
        waitFor(session, service, { condition: 'running_or_healthy', tell: session.onWait }),
      ),
    );
  }
  return { ...plan, steps: [...before, ...rest] };
}

function waitable({ services }: Project, plan: Plan): string[] {
  return Object.keys(plan.services).filter((name) => services[name]?.provider === undefined);
}

/** What is done before it can be known what else is to be done. */
function isEarly({ kind }: Step): boolean {
  return kind === 'pull' || kind === 'build' || kind === 'provide';
}

export interface DownRequest extends DownOptions {
  dryRun?: boolean;
  timeoutSeconds?: number | undefined;
}

/** Takes the project away again; resolves to the plan that was done. */
export async function down(session: Session, options: DownRequest = {}): Promise<Plan> {
  const observed = await observe(session.client, session.project, {
    images: options.images === undefined,
    volumes: options.volumes !== true,
  });
  const plan = planDown(session.project, observed, options);
  if (options.dryRun === true) return plan;
  const { timeoutSeconds } = options;
  await carryOut(session, plan.steps, { observed, timeoutSeconds, removeAnonymousVolumes: options.volumes });
  return plan;
}

interface Frame {
  observed: ObservedState;
  timeoutSeconds: number | undefined;
  removeAnonymousVolumes?: boolean | undefined;
  provided?: Provided;
}

async function carryOut(session: Session, steps: readonly Step[], frame: Frame): Promise<void> {
  await doInOrder(steps, async (step) => {
    if (session.signal?.aborted === true) throw conflict('interrupted');
    session.onStep?.({ step, phase: 'begun' });
    try {
      if (session.dryRun !== true) await perform(session, step, frame);
    } catch (thrown) {
      session.onStep?.({ step, phase: 'failed' });
      throw thrown;
    }
    session.onStep?.({ step, phase: 'done' });
  });
}
