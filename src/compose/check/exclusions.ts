// Attributes of a service that exclude or need each other.
import { replicasOf } from '#compose/check/clashes.ts';
import { type Json, sameData } from '#compose/json.ts';
import type { Path, Problem } from '#compose/load/place.ts';
import type { Project, Service } from '#compose/model.ts';

interface Rule {
  /** The attribute that the message stands at. */
  at: Path;
  /** The sentence, where the rule is broken. */
  broken: (service: Service, name: string, project: Project) => string | undefined;
}

const rules: Rule[] = [
  {
    at: [],
    broken: (service, name) =>
      service.image === undefined && service.build === undefined && service['provider'] === undefined
        ? `service "${name}" has neither an image nor a build context specified`
        : undefined,
  },
  {
    at: ['network_mode'],
    broken: (service, name) =>
      service.network_mode !== undefined && service.networks !== undefined
        ? `service "${name}" declares mutually exclusive \`network_mode\` and \`networks\``
        : undefined,
  },
  {
    at: ['network_mode'],
    broken: (service, name) =>
      service.network_mode === 'host' && (service.ports ?? []).length > 0
        ? `service "${name}": ports cannot be published with network_mode host, the container uses the host's own`
        : undefined,
  },
  {
    at: ['build', 'dockerfile_inline'],
    broken: (service, name) =>
      service.build?.dockerfile !== undefined && service.build.dockerfile_inline !== undefined
        ? `service "${name}" declares mutually exclusive dockerfile and dockerfile_inline`
        : undefined,
  },
  {
    at: ['container_name'],
    broken: (service, name) =>
      service.container_name !== undefined && replicasOf(service) > 1
        ? `service "${name}": container_name "${service.container_name}" allows one container only, but ${replicasOf(service)} are wanted`
        : undefined,
  },
  { at: ['container_name'], broken: sharedContainerName },
  {
    at: ['healthcheck', 'start_interval'],
    broken: (service, name) =>
      service.healthcheck?.start_interval !== undefined && service.healthcheck.start_period === undefined
        ? `service "${name}": healthcheck.start_interval requires healthcheck.start_period to be set`
        : undefined,
  },
  {
    at: ['scale'],
    broken: (service, name) =>
      distinct(name, ['scale', service.scale], ['deploy.replicas', service.deploy?.replicas]),
  },
  ...limitPair('mem_limit', (service) => service.deploy?.resources?.limits?.memory, 'limits.memory'),
  ...limitPair(
    'mem_reservation',
    (service) => service.deploy?.resources?.reservations?.memory,
    'reservations.memory',
  ),
  ...limitPair('cpus', (service) => service.deploy?.resources?.limits?.cpus, 'limits.cpus'),
  ...limitPair('pids_limit', (service) => service.deploy?.resources?.limits?.pids, 'limits.pids'),
  { at: ['develop', 'watch'], broken: watchWithoutTarget },
];

/** What is wrong with the attributes of this service, taken together. */
export function checkExclusions(project: Project, name: string, service: Service): Problem[] {
  return rules.flatMap(({ at, broken }): Problem[] => {
    const message = broken(service, name, project);
    return message === undefined ? [] : [{ at: project.placeOf(['services', name, ...at]), message }];
  });
}

function sharedContainerName(service: Service, name: string, project: Project): string | undefined {
  const wanted = service.container_name;
  if (wanted === undefined) return undefined;
  const other = Object.entries(project.services).find(
    ([known, { container_name }]) => known < name && container_name === wanted,
  );
  return other === undefined
    ? undefined
    : `service "${name}": container name "${wanted}" is already in use by service "${other[0]}"`;
}

function limitPair(
  attribute: string,
  deployed: (service: Service) => string | number | undefined,
  limit: string,
): Rule[] {
  return [
    {
      at: [attribute],
      broken: (service, name) =>
        distinct(
          name,
          [attribute, asScalar(service[attribute])],
          [`deploy.resources.${limit}`, deployed(service)],
        ),
    },
  ];
}

function asScalar(value: unknown): string | number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function distinct(
  name: string,
  [first, a]: [string, Json | undefined],
  [second, b]: [string, Json | undefined],
): string | undefined {
  if (a === undefined || b === undefined || sameData(a, b)) return undefined;
  return `services.${name}: can't set distinct values on '${first}' and '${second}'`;
}

function watchWithoutTarget(service: Service, name: string): string | undefined {
  const rule = service.develop?.watch?.find(
    ({ action, target }) => action.startsWith('sync') && target === undefined,
  );
  return rule === undefined
    ? undefined
    : `services.${name}.develop.watch: target is required for the action ${rule.action}`;
}
