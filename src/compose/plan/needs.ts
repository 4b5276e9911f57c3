// What must be there before a container of a service is made: its networks, volumes, image, other services.
import type { Project } from '#compose/model.ts';
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
  const wantsPull = !builds && (policy === 'always' || (!isThere && policy !== 'never'));
  if (!wantsBuild && !wantsPull) return [];
  const id = `image ${image}`;
  if (!plan.steps.some((step) => step.id === id))
    plan.steps.push({ id, after: [], kind: wantsBuild ? 'build' : 'pull', service: name, image });
  return [id];
}

/** Ids of the steps that start these services. */
export function startsOf(plan: Plan, services: readonly string[]): string[] {
  return plan.steps.flatMap((step) =>
    (step.kind === 'start-container' || step.kind === 'unpause-container') && services.includes(step.service)
      ? [step.id]
      : [],
  );
}
