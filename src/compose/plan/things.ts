// Plans the networks and volumes of a project.
import type { Project, ProjectNetwork, ProjectVolume, Service } from '#compose/model.ts';
import { isMadeFrom } from '#compose/plan/hash.ts';
import type { ObservedState } from '#compose/plan/observed.ts';
import type { ServicePlan, Step } from '#compose/plan/steps.ts';
import { notFound } from '#shared/errors.ts';

export interface ThingsPlan {
  steps: Step[];
  verdicts: Record<string, ServicePlan>;
  /** Keys of networks that are removed and made anew. */
  renewedNetworks: Set<string>;
  warnings: string[];
}

/** Steps for what the services use and what is not there yet. Throws `not-found` for missing external things. */
export function planThings(project: Project, observed: ObservedState, names: readonly string[]): ThingsPlan {
  const plan: ThingsPlan = { steps: [], verdicts: {}, renewedNetworks: new Set(), warnings: [] };
  const services = names.map((name): Service => project.services[name] ?? {});
  const networks = new Set(services.flatMap((service) => Object.keys(service.networks ?? {})));
  const volumes = new Set(
    services.flatMap((service) =>
      (service.volumes ?? []).flatMap(({ type, source }) => (type === 'volume' && source ? [source] : [])),
    ),
  );
  for (const [key, network] of Object.entries(project.networks))
    if (networks.has(key)) planNetwork(plan, key, { network, observed, project });
  for (const [key, volume] of Object.entries(project.volumes))
    if (volumes.has(key)) planVolume(plan, key, { volume, observed });
  return plan;
}

function planNetwork(
  plan: ThingsPlan,
  key: string,
  { network, observed, project }: { network: ProjectNetwork; observed: ObservedState; project: Project },
): void {
  const { name } = network;
  const found = observed.networks.find((one) => one.name === name || one.id === name);
  if (network.external) {
    if (found === undefined && !['host', 'none', 'bridge'].includes(name)) {
      throw notFound(`network ${name} declared as external, but could not be found`, {
        hint: `make it with: network create ${name}`,
      });
    }
    return;
  }
  const create: Step = { id: `network ${name}`, after: [], kind: 'create-network', key, name };
  if (found === undefined) {
    plan.steps.push(create);
    plan.verdicts[`network ${name}`] = { verdict: 'create', causes: [] };
    return;
  }
  if (found.project !== undefined && found.project !== project.name) {
    plan.warnings.push(
      `a network with name ${name} exists but was not created for project "${project.name}". Set \`external: true\` to use an existing network`,
    );
  }
  if (isMadeFrom(found, network)) return;
  plan.renewedNetworks.add(key);
  plan.steps.push(
    { id: `remove network ${name}`, after: [], kind: 'remove-network', key, name },
    { ...create, after: [`remove network ${name}`] },
  );
  plan.verdicts[`network ${name}`] = { verdict: 'recreate', causes: ['its configuration is changed'] };
}

function planVolume(
  plan: ThingsPlan,
  key: string,
  { volume, observed }: { volume: ProjectVolume; observed: ObservedState },
): void {
  const { name } = volume;
  const found = observed.volumes.find((one) => one.name === name);
  if (volume.external) {
    if (found === undefined) {
      throw notFound(`external volume "${name}" not found`, { hint: `make it with: volume create ${name}` });
    }
    return;
  }
  if (found === undefined) {
    plan.steps.push({ id: `volume ${name}`, after: [], kind: 'create-volume', key, name });
    plan.verdicts[`volume ${name}`] = { verdict: 'create', causes: [] };
    return;
  }
  // Data is never thrown away by a plan: the user is told, and decides.
  if (!isMadeFrom(found, volume)) {
    plan.warnings.push(
      `Volume "${name}" exists but doesn't match configuration in compose file. It is left as it is; remove it to have it made anew`,
    );
  }
}
