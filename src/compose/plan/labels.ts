// The labels that Docker Compose puts on what it makes, so that either of both tools finds the other's things.
import type { Project, Service } from '#compose/model.ts';

export const label = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  configHash: 'com.docker.compose.config-hash',
  configFiles: 'com.docker.compose.project.config_files',
  workingDirectory: 'com.docker.compose.project.working_dir',
  dependsOn: 'com.docker.compose.depends_on',
  image: 'com.docker.compose.image',
  version: 'com.docker.compose.version',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
  replace: 'com.docker.compose.replace',
  /** Ours: the service, network or volume as it was when the thing was made, so that a plan can name the field that changed. */
  made: 'dev.wharf.compose.service',
} as const;

/** The Compose version whose labels these are. */
const labelsVersion = '2.40.3';

export interface ContainerIdentity {
  service: string;
  number: number;
  oneOff?: boolean;
  configHash: string;
  /** The image's id. */
  imageId?: string | undefined;
  /** The data that was hashed, as JSON. */
  made?: string | undefined;
}

/** All labels of a container of the project; the service's own are below them. */
export function containerLabels(
  project: Project,
  service: Service,
  identity: ContainerIdentity,
): Record<string, string> {
  return {
    ...service.labels,
    [label.project]: project.name,
    [label.service]: identity.service,
    [label.number]: String(identity.number),
    [label.oneOff]: identity.oneOff ? 'True' : 'False',
    [label.configHash]: identity.configHash,
    [label.configFiles]: project.files.join(','),
    [label.workingDirectory]: project.directory,
    [label.dependsOn]: formatDependencies(service),
    [label.version]: labelsVersion,
    ...(identity.imageId === undefined ? {} : { [label.image]: identity.imageId }),
    ...(identity.made === undefined ? {} : { [label.made]: identity.made }),
  };
}

/** `db:service_healthy:false,cache:service_started:true`: name, condition, restart. */
function formatDependencies(service: Service): string {
  return Object.entries(service.depends_on ?? {})
    .map(([name, { condition, restart }]) => `${name}:${condition}:${restart ?? false}`)
    .join(',');
}

export interface DependencyLabel {
  service: string;
  condition: string;
  restart: boolean;
}

/** What `formatDependencies` wrote; older tools wrote names alone. */
export function parseDependencies(text: string): DependencyLabel[] {
  return text
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [service = '', condition = 'service_started', restart] = entry.split(':');
      return { service, condition, restart: restart === 'true' };
    });
}

/** The name of a container: its own where the file gives one. */
export function containerName(
  project: string,
  service: string,
  { number, own }: { number: number; own?: string | undefined },
): string {
  return own ?? `${project}-${service}-${number}`;
}

/** Labels of a network or volume of the project. */
export function thingLabels(
  project: string,
  thing: {
    kind: 'network' | 'volume';
    key: string;
    own: Record<string, string> | undefined;
    configHash: string;
    made: string;
  },
): Record<string, string> {
  return {
    ...thing.own,
    [label.project]: project,
    [label[thing.kind]]: thing.key,
    [label.version]: labelsVersion,
    [label.configHash]: thing.configHash,
    [label.made]: thing.made,
  };
}
