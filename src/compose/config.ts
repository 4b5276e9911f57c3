// The normalised project as text: what `config` prints, as YAML and as JSON, and its lists.
import { stringify } from 'yaml';
import { isMap, type Json, type JsonMap } from '#compose/json.ts';
import type { Project } from '#compose/model.ts';

/** The project as data, in the order in which it is printed; sections that hold nothing are left out. */
export function configData(project: Project): JsonMap {
  const { name, services, networks, volumes, secrets, configs, models, extensions } = project;
  const sections = { services, networks: withAddressing(networks), volumes, secrets, configs, models };
  const data: JsonMap = { name };
  for (const [section, things] of Object.entries(sections)) {
    if (section === 'services' || Object.keys(things).length > 0) data[section] = plainCopy(things);
  }
  return { ...data, ...extensions };
}

/** As Docker Compose prints them: a network of the project's own always has an `ipam`. */
function withAddressing(networks: Project['networks']): Project['networks'] {
  const entries = Object.entries(networks).map(
    ([key, network]) =>
      [key, network.external === true ? network : { ...network, ipam: network.ipam ?? {} }] as const,
  );
  return Object.fromEntries(entries);
}

/** The project is plain data by its making; its types are only more exact than `Json`. */
function plainCopy(value: unknown): Json {
  const copy: Json = JSON.parse(JSON.stringify(value));
  return copy;
}

export interface ConfigFormat {
  /** False for a project whose variables were left as they are written. */
  escapeDollars?: boolean;
}

/** As `config` prints it. A `$` is doubled, so that the text means the same when it is loaded again. */
export function formatConfigYaml(project: Project, { escapeDollars = true }: ConfigFormat = {}): string {
  const data = configData(project);
  return stringify(escapeDollars ? escaped(data) : data, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    version: '1.1',
  });
}

/** As `config --format json` prints it; `command` and `entrypoint` are told for every service. */
export function formatConfigJson(project: Project, { escapeDollars = true }: ConfigFormat = {}): string {
  const data = configData(project);
  const services: JsonMap = {};
  for (const [name, service] of Object.entries(isMap(data['services']) ? data['services'] : {})) {
    const own = isMap(service) ? service : {};
    services[name] = { ...own, command: own['command'] ?? null, entrypoint: own['entrypoint'] ?? null };
  }
  const told = { ...data, services };
  return `${JSON.stringify(escapeDollars ? escaped(told) : told, null, 2)}\n`;
}

function escaped(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escaped);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, escaped(one)]));
}

/** The images of the project, one a service that has one, each once. */
export function imagesOf(project: Project): string[] {
  const images = Object.entries(project.services).map(
    ([name, service]) => service.image ?? `${project.name}-${name}`,
  );
  return [...new Set(images)].sort();
}
