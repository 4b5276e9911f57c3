// The planner: a project and what is there → the steps that make the one the other. Pure.
import type { Project } from '#compose/model.ts';
import type { Surroundings } from '#compose/plan/diverged.ts';
import type { ObservedState } from '#compose/plan/observed.ts';
import { inStartOrder } from '#compose/plan/order.ts';
import { planRemoval } from '#compose/plan/removal.ts';
import { type PlanOptions, planService } from '#compose/plan/service.ts';
import type { Plan } from '#compose/plan/steps.ts';
import { planThings } from '#compose/plan/things.ts';

/** The steps of `up`, each with the ids of those before it, and per service what happens and why. */
export function planUp(project: Project, observed: ObservedState, options: PlanOptions = {}): Plan {
  const named = options.services?.length ? options.services : Object.keys(project.services);
  const names = inStartOrder(project, named, options.noDependencies);
  const things = planThings(project, observed, names);
  const plan: Plan = {
    steps: [...things.steps],
    services: {},
    things: things.verdicts,
    orphans: [],
    warnings: things.warnings,
  };
  const recreated = new Set<string>();
  const around: Surroundings = { project, observed, renewedNetworks: things.renewedNetworks, recreated };
  for (const name of names) {
    planService(plan, name, { around, options, isNamed: named.includes(name), recreated });
  }
  planOrphans(plan, project, { observed, options });
  return plan;
}

function planOrphans(
  plan: Plan,
  project: Project,
  frame: { observed: ObservedState; options: PlanOptions },
): void {
  const known = new Set([...Object.keys(project.services), ...Object.keys(project.disabled)]);
  for (const container of frame.observed.containers) {
    if (known.has(container.service) || container.oneOff) continue;
    plan.orphans.push(container.name);
    if (frame.options.removeOrphans === true) planRemoval(plan, container);
  }
  if (plan.orphans.length === 0 || frame.options.removeOrphans === true) return;
  plan.warnings.push(
    `Found orphan containers ([${plan.orphans.join(' ')}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
  );
}
