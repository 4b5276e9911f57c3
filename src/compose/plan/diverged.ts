// Why a container is no longer what its service wants.
import { sameData } from '#compose/json.ts';
import type { Project, Service } from '#compose/model.ts';
import { differences, formatDifference } from '#compose/plan/differences.ts';
import { madeFrom, serviceHash } from '#compose/plan/hash.ts';
import type { ObservedContainer, ObservedState } from '#compose/plan/observed.ts';

export interface Surroundings {
  project: Project;
  observed: ObservedState;
  /** Keys of the networks that this plan makes anew. */
  renewedNetworks: ReadonlySet<string>;
  /** Services whose containers this plan replaces. */
  recreated: ReadonlySet<string>;
}

/** The reasons to replace the container; none where it may stay. */
export function divergence(name: string, container: ObservedContainer, around: Surroundings): string[] {
  const service = around.project.services[name] ?? {};
  return [
    ...changedFields(service, container),
    ...changedImage(name, service, container, around),
    ...changedNetworks(service, container, around),
    ...changedVolumes(service, container, around),
    ...changedPartners(service, around),
  ];
}

function changedFields(service: Service, container: ObservedContainer): string[] {
  const now = madeFrom(service);
  if (container.made !== undefined && sameData(container.made, now)) return [];
  if (container.configHash === serviceHash(service)) return [];
  if (container.made === undefined) return ['its configuration is not the one it was made from'];
  const changed = differences(container.made, now).map(formatDifference);
  return changed.length === 0 ? ['it was made by another version'] : changed;
}

/** The image of a service: its own name, or the one that its build gets. */
export function imageOf(project: Project, name: string): string {
  return project.services[name]?.image ?? `${project.name}-${name}`;
}

function changedImage(
  name: string,
  _: Service,
  container: ObservedContainer,
  { project, observed }: Surroundings,
): string[] {
  const image = imageOf(project, name);
  const now = observed.images[image];
  if (now === undefined || container.imageId === undefined || now === container.imageId) return [];
  return [`image ${image} is now ${shortId(now)}, was ${shortId(container.imageId)}`];
}

function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

function changedNetworks(service: Service, container: ObservedContainer, around: Surroundings): string[] {
  return Object.keys(service.networks ?? {}).flatMap((key) => {
    if (around.renewedNetworks.has(key)) return [`networks.${key} is made anew`];
    const name = around.project.networks[key]?.name;
    const known = around.observed.networks.find((network) => network.name === name);
    return known === undefined || container.networkIds.includes(known.id)
      ? []
      : [`networks.${key} is not connected`];
  });
}

function changedVolumes(service: Service, container: ObservedContainer, { project }: Surroundings): string[] {
  return (service.volumes ?? []).flatMap(({ type, source, target }) => {
    if (type !== 'volume' || source === undefined) return [];
    const wanted = project.volumes[source]?.name;
    const mounted = container.volumes[target];
    return wanted === undefined || mounted === undefined || mounted === wanted
      ? []
      : [`volumes ${target}: ${mounted} → ${wanted}`];
  });
}

/** A container that lives in another's namespaces, or uses its volumes, cannot outlive it. */
function changedPartners(service: Service, { recreated }: Surroundings): string[] {
  const modes = (['network_mode', 'ipc', 'pid'] as const).map((key): [string, string] => [
    key,
    String(service[key] ?? ''),
  ]);
  const shared = modes.flatMap(([key, mode]) => {
    const partner = mode.startsWith('service:') ? mode.slice('service:'.length) : undefined;
    return partner !== undefined && recreated.has(partner) ? [`${key}: ${partner} is recreated`] : [];
  });
  const from = (service.volumes_from ?? []).flatMap((entry) => {
    const partner = entry.split(':')[0] ?? '';
    return recreated.has(partner) ? [`volumes_from: ${partner} is recreated`] : [];
  });
  return [...shared, ...from];
}
