// Fills in what a file may leave out: names, the default network, dependencies that other attributes imply.
import { isMap, itemsOf, type Json, type JsonMap, mapOf, textOf } from '#compose/json.ts';
import type { Service } from '#compose/model.ts';

/** Attributes that mean something even when they hold nothing. */
const meaningfulWhenEmpty = new Set(['command', 'entrypoint']);

/** The service with its network, build context and implied dependencies told; attributes in order. */
export function normaliseService(service: JsonMap, directory: string): JsonMap {
  const withNetwork =
    service['network_mode'] === undefined &&
    Object.keys(mapOf(service['networks'])).length === 0 &&
    service['provider'] === undefined
      ? { ...service, networks: { default: null } }
      : service;
  const depends = { ...mapOf(service['depends_on']) };
  for (const [name, restart] of impliedDependencies(service)) {
    depends[name] ??= { condition: 'service_started', ...restart, required: true };
  }
  return inOrder({
    ...withNetwork,
    ...withBuildDefaults(service['build'], directory),
    ...(Object.keys(depends).length === 0 ? {} : { depends_on: depends }),
  });
}

function withBuildDefaults(build: Json | undefined, directory: string): JsonMap {
  if (!isMap(build)) return {};
  const inline = build['dockerfile_inline'] !== undefined;
  const named: JsonMap = inline || build['dockerfile'] !== undefined ? {} : { dockerfile: 'Dockerfile' };
  return { build: { context: directory, ...build, ...named } };
}

function impliedDependencies(service: JsonMap): [name: string, restart: { restart?: true }][] {
  const found: [string, { restart?: true }][] = [];
  for (const link of itemsOf(service['links']))
    found.push([textOf(link).split(':')[0] ?? '', { restart: true }]);
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']) {
    const mode = textOf(service[key]);
    if (mode.startsWith('service:')) found.push([mode.slice('service:'.length), { restart: true }]);
  }
  for (const from of itemsOf(service['volumes_from'])) {
    const name = textOf(from);
    if (!name.startsWith('container:')) found.push([name.split(':')[0] ?? '', {}]);
  }
  return found;
}

function inOrder(service: JsonMap): JsonMap {
  const ordered: JsonMap = {};
  for (const key of Object.keys(service).sort()) {
    const value = service[key] ?? null;
    if (!isEmpty(value) || meaningfulWhenEmpty.has(key) || key.startsWith('x-')) ordered[key] = value;
  }
  return ordered;
}

function isEmpty(value: Json): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** The sections of named things, with the names they have at the engine, and the default network where it is used. */
export function normaliseSections(model: JsonMap, project: string): Record<string, JsonMap> {
  const services = Object.values(mapOf(model['services']));
  const networks = { ...mapOf(model['networks']) };
  if (services.some((service) => 'default' in mapOf(mapOf(service)['networks']))) networks['default'] ??= {};
  return {
    networks: named(networks, project),
    volumes: named(mapOf(model['volumes']), project),
    secrets: named(mapOf(model['secrets']), project),
    configs: named(mapOf(model['configs']), project),
  };
}

function named(things: JsonMap, project: string): JsonMap {
  const long: JsonMap = {};
  for (const key of Object.keys(things).sort()) {
    const thing = mapOf(things[key]);
    const name = thing['name'] ?? (thing['external'] === true ? key : `${project}_${key}`);
    long[key] = { name, ...withoutEmpty(thing) };
  }
  return long;
}

function withoutEmpty(thing: JsonMap): JsonMap {
  return Object.fromEntries(
    Object.entries(thing).filter(
      ([key, value]) => key.startsWith('x-') || value === false || !isEmpty(value),
    ),
  );
}

interface UsedNames {
  networks: Set<string>;
  volumes: Set<string>;
  secrets: Set<string>;
  configs: Set<string>;
}

/** What the services refer to, by the keys of the file. */
export function usedNames(services: Record<string, Service>): UsedNames {
  const used: UsedNames = { networks: new Set(), volumes: new Set(), secrets: new Set(), configs: new Set() };
  for (const service of Object.values(services)) {
    for (const name of Object.keys(service.networks ?? {})) used.networks.add(name);
    for (const { type, source } of service.volumes ?? []) {
      if (type === 'volume' && source !== undefined) used.volumes.add(source);
    }
    for (const { source } of [...(service.secrets ?? []), ...(service.build?.secrets ?? [])])
      used.secrets.add(source);
    for (const { source } of service.configs ?? []) used.configs.add(source);
  }
  return used;
}

/** Services whose profiles are active, and the others. A service without profiles is always active. */
export function splitByProfile(
  services: JsonMap,
  active: readonly string[],
): { enabled: JsonMap; disabled: JsonMap } {
  const enabled: JsonMap = {};
  const disabled: JsonMap = {};
  for (const name of Object.keys(services).sort()) {
    const service = services[name] ?? {};
    const profiles = isMap(service) ? itemsOf(service['profiles']).map(textOf) : [];
    const isActive =
      profiles.length === 0 || active.includes('*') || profiles.some((profile) => active.includes(profile));
    (isActive ? enabled : disabled)[name] = service;
  }
  return { enabled, disabled };
}
