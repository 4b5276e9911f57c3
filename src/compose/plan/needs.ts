// What must be there before a container of a service is made: its networks, volumes, image, other services.
import type { Project, Service } from '#compose/model.ts';
import { imageOf, type Surroundings } from '#compose/plan/diverged.ts';
import type { Plan } from '#compose/plan/steps.ts';

/** Ids of the steps that make the networks and volumes of a service. */
export function thingsNeeded(plan: Plan, project: Project, name: string): string[] {
  const service = project.services[name] ?? {};
  const volumes = (service.volumes ?? []).flatMap(({ type, source }) =>
    type === 'volume' && source !== undefined ? [source] : [],
  );
  const needed = new Set([
    ...Object.keys(service.networks ?? {}).map((key) => `network ${key}`),
    ...volumes.map((key) => `volume ${key}`),
  ]);
  return plan.steps.flatMap((step) => {
    if (step.kind === 'create-network') return needed.has(`network ${step.key}`) ? [step.id] : [];
    return step.kind === 'create-volume' && needed.has(`volume ${step.key}`) ? [step.id] : [];
  });
}

export interface ImageWish {
  around: Surroundings;
  build: 'missing' | 'always' | 'never' | undefined;
}

/** The image is built or pulled where it is missing, or where the policy or the user wants it anew. */
export function imageSteps(plan: Plan, name: string, { around, build }: ImageWish): string[] {
  const { project, observed } = around;
  const service = project.services[name] ?? {};
  const image = imageOf(project, name);
  const isThere = observed.images[image] !== undefined;
  const builds = service.build !== undefined;
  const policy = service.pull_policy ?? 'missing';
  const wantsBuild = builds && (build === 'always' || policy === 'build' || (!isThere && build !== 'never'));
  const isOld = isThere && isTooOld(service, observed.imageAgesMs?.[image]);
  const wantsPull = !builds && (policy === 'always' || isOld || (!isThere && policy !== 'never'));
  const own =
    wantsBuild || wantsPull ? [addImage(plan, name, { kind: wantsBuild ? 'build' : 'pull', image })] : [];
  const missing = hookImages(service).filter(
    (each) => observed.images[each] === undefined && policy !== 'never',
  );
  return [...own, ...missing.map((each) => addImage(plan, name, { kind: 'pull', image: each }))];
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 24 * 3600e3,
  w: 7 * 24 * 3600e3,
};
const spans: Readonly<Record<string, string>> = { daily: '1d', weekly: '1w' };

/** Whether the image came longer ago than the policy lets it be: `daily`, `weekly`, `every_12h`, `refresh`. */
function isTooOld({ pull_policy: policy = '', ...service }: Service, ageMs: number | undefined): boolean {
  const text =
    policy === 'refresh'
      ? String(service['pull_refresh_after'] ?? '')
      : (spans[policy] ?? /^every_(.*)$/.exec(policy)?.[1] ?? '');
  if (text === '') return false;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([wdhms])/g)];
  const mostMs = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (unitMs[unit] ?? 0), 0);
  return ageMs === undefined || ageMs > mostMs;
}

function addImage(
  plan: Plan,
  service: string,
  { kind, image }: { kind: 'build' | 'pull'; image: string },
): string {
  const id = `image ${image}`;
  if (!plan.steps.some((step) => step.id === id)) plan.steps.push({ id, after: [], kind, service, image });
  return id;
}

/** Images that `pre_start` names besides the service's own. */
export function hookImages({ pre_start: hooks = [] }: Service): string[] {
  return hooks.flatMap(({ image }) => image ?? []);
}

/** Ids of the steps that start these services. */
export function startsOf(plan: Plan, services: readonly string[]): string[] {
  return plan.steps.flatMap((step) =>
    (step.kind === 'start-container' || step.kind === 'unpause-container') && services.includes(step.service)
      ? [step.id]
      : [],
  );
}
