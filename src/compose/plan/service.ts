// Plans one service: which of its containers stay, start, are replaced, made or removed.
import { replicasOf } from '#compose/check/clashes.ts';
import { divergence, type Surroundings } from '#compose/plan/diverged.ts';
import { serviceHash } from '#compose/plan/hash.ts';
import { containerName } from '#compose/plan/labels.ts';
import { imageSteps, startsOf, thingsNeeded } from '#compose/plan/needs.ts';
import type { ObservedContainer } from '#compose/plan/observed.ts';
import { planPreStart } from '#compose/plan/pre-start.ts';
import { planRemoval } from '#compose/plan/removal.ts';
import type { ContainerStep, Plan, ServicePlan } from '#compose/plan/steps.ts';

export interface PlanOptions {
  /** Only these and what they need; all where there are none. */
  services?: readonly string[];
  /** Leave out what the named services need. */
  noDependencies?: boolean;
  recreate?: 'diverged' | 'always' | 'never';
  /** Replace what the named services need, too. */
  recreateDependencies?: boolean;
  removeOrphans?: boolean;
  renewAnonymousVolumes?: boolean;
  /** Containers by service. */
  scale?: Readonly<Record<string, number>>;
  build?: 'missing' | 'always' | 'never';
  /** False makes containers without starting them. */
  start?: boolean;
}

export interface ServiceFrame {
  around: Surroundings;
  options: PlanOptions;
  isNamed: boolean;
  /** Services whose containers are replaced; this one is added where its are. */
  recreated: Set<string>;
}

/** Adds the steps of one service, and says what happens to it and why. What it needs has been planned before. */
export function planService(plan: Plan, name: string, frame: ServiceFrame): void {
  const { around, options } = frame;
  const service = around.project.services[name];
  if (service === undefined) return;
  if (service.provider !== undefined) {
    plan.steps.push({ id: `provide ${name}`, after: [], kind: 'provide', service: name, name });
    plan.services[name] = { verdict: 'start', causes: [`${service.provider.type} provides it`] };
    return;
  }
  const wanted = options.scale?.[name] ?? replicasOf(service);
  const { existing, leftovers } = partsOf(name, around);
  for (const container of leftovers) planRemoval(plan, container);
  const before = [
    ...leftovers.map((container) => `remove ${container.name}`),
    ...thingsNeeded(plan, around.project, name),
    ...imageSteps(plan, name, { around, build: options.build }),
    ...startsOf(plan, Object.keys(service.depends_on ?? {})),
  ];
  const verdicts: ServicePlan[] = [];
  const kept = existing.slice(0, wanted);
  for (const container of kept) verdicts.push(planExisting(plan, name, { container, before, frame }));
  for (const container of existing.slice(wanted)) {
    planRemoval(plan, container);
    verdicts.push({ verdict: 'remove', causes: [`scale ${existing.length} → ${wanted}`] });
  }
  const used = new Set(kept.map(({ number }) => number));
  for (let number = 1; kept.length > 0 || wanted > 0; number += 1) {
    if (used.size >= wanted) break;
    if (used.has(number)) continue;
    used.add(number);
    creation(plan, name, { number, before, frame });
    verdicts.push({
      verdict: 'create',
      causes: existing.length > 0 ? [`scale ${existing.length} → ${wanted}`] : [],
    });
  }
  const hasRun = kept.some(({ phase }, at) => phase !== 'created' && verdicts[at]?.verdict !== 'recreate');
  planPreStart(plan, name, { service, once: !hasRun });
  plan.services[name] = summed(verdicts);
}

/**
 * A replacement bears the id of the container before it in front of its name until that is gone. Where it was cut off,
 * the one before stays, and is replaced again; where that is gone already, the half-made one takes its place.
 */
function partsOf(
  name: string,
  { project, observed }: Surroundings,
): { existing: ObservedContainer[]; leftovers: ObservedContainer[] } {
  const own = project.services[name]?.container_name;
  const existing: ObservedContainer[] = [];
  const leftovers: ObservedContainer[] = [];
  const found = observed.containers.filter((one) => one.service === name && !one.oneOff);
  for (const container of found.sort((a, b) => Number(isHalf(a, own)) - Number(isHalf(b, own)))) {
    const isSecond = isHalf(container, own) && existing.some(({ number }) => number === container.number);
    (isSecond ? leftovers : existing).push(container);
  }
  return { existing: existing.sort((a, b) => a.number - b.number), leftovers };
}

function isHalf({ name }: ObservedContainer, own: string | undefined): boolean {
  return /^[0-9a-f]{12}_/.test(name) && name !== own;
}

const weight = { recreate: 4, create: 3, start: 2, remove: 1, leave: 0 };

function summed(verdicts: readonly ServicePlan[]): ServicePlan {
  const heaviest = [...verdicts].sort((a, b) => weight[b.verdict] - weight[a.verdict])[0];
  return {
    verdict: heaviest?.verdict ?? 'leave',
    causes: [...new Set(verdicts.flatMap(({ causes }) => causes))],
  };
}

interface Existing {
  container: ObservedContainer;
  before: string[];
  frame: ServiceFrame;
}

function planExisting(plan: Plan, name: string, { container, before, frame }: Existing): ServicePlan {
  const causes = recreationCauses(name, container, frame);
  if (causes.length > 0) {
    frame.recreated.add(name);
    creation(plan, name, { number: container.number, before, frame, replaces: container });
    return { verdict: 'recreate', causes };
  }
  if (container.phase === 'running' || container.phase === 'restarting' || frame.options.start === false)
    return { verdict: 'leave', causes: [] };
  const kind = container.phase === 'paused' ? 'unpause-container' : 'start-container';
  plan.steps.push({
    ...waiting(frame, name),
    id: `start ${container.name}`,
    after: before,
    kind,
    service: name,
    name: container.name,
    containerId: container.id,
    ...(container.phase === 'created' ? { fresh: true } : {}),
  });
  return { verdict: 'start', causes: [`it is ${container.phase}`] };
}

function recreationCauses(
  name: string,
  container: ObservedContainer,
  { around, options, isNamed }: ServiceFrame,
): string[] {
  if (isHalf(container, around.project.services[name]?.container_name))
    return ['its replacement was interrupted'];
  if (options.recreate === 'never') return [];
  if (options.recreate === 'always' && isNamed) return ['it is forced'];
  if (options.recreateDependencies === true && !isNamed) return ['dependencies are forced'];
  return divergence(name, container, around);
}

interface Creation {
  number: number;
  before: string[];
  frame: ServiceFrame;
  replaces?: ObservedContainer;
}

function creation(plan: Plan, name: string, { number, before, frame, replaces }: Creation): void {
  const { project } = frame.around;
  const service = project.services[name] ?? {};
  const own = containerName(project.name, name, { number, own: service.container_name });
  const replacing =
    replaces === undefined
      ? {}
      : {
          replaces: {
            id: replaces.id,
            name: replaces.name,
            keepVolumes: frame.options.renewAnonymousVolumes !== true,
          },
        };
  plan.steps.push({
    id: `create ${own}`,
    after: before.filter((id) => !id.startsWith('start ')),
    kind: 'create-container',
    service: name,
    number,
    name: own,
    configHash: serviceHash(service),
    ...replacing,
  });
  if (frame.options.start === false) return;
  plan.steps.push({
    ...waiting(frame, name),
    id: `start ${own}`,
    after: [`create ${own}`, ...before],
    kind: 'start-container',
    service: name,
    name: own,
    fresh: true,
  });
}

function waiting(frame: ServiceFrame, name: string): Pick<ContainerStep, 'waitFor'> {
  const needed = Object.entries(frame.around.project.services[name]?.depends_on ?? {});
  if (needed.length === 0 || frame.options.noDependencies === true) return {};
  return { waitFor: needed.map(([service, { condition, required }]) => ({ service, condition, required })) };
}
