// Plans how one container goes away.
import type { ObservedContainer } from '#compose/plan/observed.ts';
import type { Plan } from '#compose/plan/steps.ts';

/**
 * Steps that stop the container where it runs, and remove it. It stops once those that depend on it have stopped, and
 * goes once they are gone.
 */
export function planRemoval(
  plan: Plan,
  container: ObservedContainer,
  dependents: readonly ObservedContainer[] = [],
): void {
  const { id: containerId, name, service } = container;
  const runs = isUp(container);
  const gone = dependents.map((other) => `remove ${other.name}`);
  const down = dependents.map((other) => `${isUp(other) ? 'stop' : 'remove'} ${other.name}`);
  const stop = `stop ${name}`;
  if (runs) plan.steps.push({ id: stop, after: down, kind: 'stop-container', service, name, containerId });
  plan.steps.push({
    id: `remove ${name}`,
    after: runs ? [stop, ...gone] : gone,
    kind: 'remove-container',
    service,
    name,
    containerId,
  });
}

function isUp({ phase }: ObservedContainer): boolean {
  return phase === 'running' || phase === 'restarting' || phase === 'paused';
}
