// Plans how one container goes away.
import type { ObservedContainer } from '#compose/plan/observed.ts';
import type { Plan } from '#compose/plan/steps.ts';

/** Steps that stop the container where it runs, and remove it, once the steps of these ids are done. */
export function planRemoval(plan: Plan, container: ObservedContainer, after: string[] = []): void {
  const { id: containerId, name, service, phase } = container;
  const runs = phase === 'running' || phase === 'restarting' || phase === 'paused';
  const stop = `stop ${name}`;
  if (runs) plan.steps.push({ id: stop, after, kind: 'stop-container', service, name, containerId });
  plan.steps.push({
    id: `remove ${name}`,
    after: runs ? [stop] : after,
    kind: 'remove-container',
    service,
    name,
    containerId,
  });
}
