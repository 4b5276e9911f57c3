// Plans `down`: containers in the reverse of their order, then networks, and volumes and images where asked.
import type { Project } from '#compose/model.ts';
import { imageOf } from '#compose/plan/diverged.ts';
import type { ObservedContainer, ObservedState } from '#compose/plan/observed.ts';
import { planRemoval } from '#compose/plan/removal.ts';
import type { Plan } from '#compose/plan/steps.ts';

export interface DownOptions {
  services?: readonly string[];
  volumes?: boolean;
  images?: 'all' | 'local';
  removeOrphans?: boolean;
}

/** The steps of `down`. Only what is there is removed; external things never are. */
export function planDown(project: Project, observed: ObservedState, options: DownOptions = {}): Plan {
  const plan: Plan = { steps: [], services: {}, things: {}, orphans: [], warnings: [] };
  const chosen = options.services?.length ? new Set(options.services) : undefined;
  const isOurs = ({ service }: ObservedContainer): boolean =>
    service in project.services || service in project.disabled;
  const leaving = observed.containers.filter((container) =>
    chosen === undefined
      ? isOurs(container) || container.oneOff || options.removeOrphans === true
      : chosen.has(container.service),
  );
  for (const container of leaving) leave(plan, container, { project, leaving });
  const last = leaving.map(({ name }) => `remove ${name}`);
  for (const [service, { provider }] of Object.entries(project.services)) {
    if (provider === undefined || (chosen !== undefined && !chosen.has(service))) continue;
    plan.steps.push({ id: `dismiss ${service}`, after: last, kind: 'dismiss', service, name: service });
    plan.services[service] = { verdict: 'remove', causes: [] };
  }
  plan.orphans = observed.containers.filter((one) => !isOurs(one) && !one.oneOff).map(({ name }) => name);
  if (chosen === undefined) removeThings(plan, { project, observed, options, leaving });
  return plan;
}

/** A container goes after all that depend on it. */
function leave(
  plan: Plan,
  container: ObservedContainer,
  frame: { project: Project; leaving: ObservedContainer[] },
): void {
  const { service } = container;
  const needs = (other: ObservedContainer): boolean =>
    (frame.project.services[other.service] ?? frame.project.disabled[other.service])?.depends_on?.[
      service
    ] !== undefined;
  planRemoval(plan, container, frame.leaving.filter(needs));
  plan.services[service] = { verdict: 'remove', causes: [] };
}

interface Frame {
  project: Project;
  observed: ObservedState;
  options: DownOptions;
  leaving: ObservedContainer[];
}

function removeThings(plan: Plan, { project, observed, options, leaving }: Frame): void {
  const after = leaving.map(({ name }) => `remove ${name}`);
  for (const [key, { name, external }] of Object.entries(project.networks)) {
    if (external || !observed.networks.some((network) => network.name === name)) continue;
    plan.steps.push({ id: `remove network ${name}`, after, kind: 'remove-network', key, name });
    plan.things[`network ${name}`] = { verdict: 'remove', causes: [] };
  }
  if (options.volumes === true) {
    for (const [key, { name, external }] of Object.entries(project.volumes)) {
      if (external || !observed.volumes.some((volume) => volume.name === name)) continue;
      plan.steps.push({ id: `remove volume ${name}`, after, kind: 'remove-volume', key, name });
      plan.things[`volume ${name}`] = { verdict: 'remove', causes: [] };
    }
  }
  if (options.images === undefined) return;
  for (const [key, service] of Object.entries(project.services)) {
    const name = imageOf(project, key);
    const isWanted = options.images === 'all' || service.image === undefined;
    if (isWanted && observed.images[name] !== undefined)
      plan.steps.push({ id: `remove image ${name}`, after, kind: 'remove-image', key, name });
  }
}
