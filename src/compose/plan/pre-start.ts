// Plans the containers that run before those of a service start.
import type { Service } from '#compose/model.ts';
import type { ContainerStep, Plan, Step } from '#compose/plan/steps.ts';

/**
 * Adds the step before the first starts of the service, where its `pre_start` has anything for them. `once`: what runs
 * once for the whole service is due. Call with all starts of the service planned.
 */
export function planPreStart(
  plan: Plan,
  name: string,
  { service, once }: { service: Service; once: boolean },
): void {
  const isDue = (service.pre_start ?? []).some((hook) => once || hook.per_replica === true);
  const starts = plan.steps.filter(
    (step: Step): step is ContainerStep =>
      step.kind === 'start-container' && step.service === name && step.fresh === true,
  );
  const [first] = starts;
  if (!isDue || first === undefined) return;
  const id = `pre-start ${name}`;
  plan.steps.splice(plan.steps.indexOf(first), 0, {
    id,
    after: [...new Set(starts.flatMap(({ after }) => after))],
    kind: 'pre-start',
    service: name,
    name,
    containers: starts.map((start) => start.name),
    once,
    ...(first.waitFor === undefined ? {} : { waitFor: first.waitFor }),
  });
  for (const start of starts) start.after = [...start.after, id];
}
