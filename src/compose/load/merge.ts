// Lays one file's long form over another's, by the rules of the Compose specification.
import { isMap, type Json, type JsonMap, sameData, textOf } from '#compose/json.ts';
import type { Path } from '#compose/load/place.ts';

/** Attributes that the later file replaces as a whole. */
const replaced = new Set([
  'services.*.command',
  'services.*.entrypoint',
  'services.*.healthcheck.test',
  'services.*.pre_start',
]);

/** What makes two items of a list the same: the later one then stands in the place of the earlier. */
const identities: Readonly<Record<string, (item: JsonMap) => string>> = {
  'services.*.ports': (port) =>
    [
      textOf(port['host_ip'] ?? '0.0.0.0'),
      ...['published', 'target', 'protocol'].map((key) => textOf(port[key])),
    ].join('|'),
  'services.*.volumes': (volume) => textOf(volume['target']),
  'services.*.secrets': (grant) => textOf(grant['target']),
  'services.*.configs': (grant) => textOf(grant['target'] ?? `/${textOf(grant['source'])}`),
  'services.*.devices': (device) => textOf(device['target']),
  'services.*.env_file': (file) => textOf(file['path']),
  'networks.*.ipam.config': (config) => textOf(config['subnet']),
};

/** `over` laid over `base`; neither is changed. Mappings are merged, lists appended, scalars replaced. */
export function merge(base: Json, over: Json, path: Path = []): Json {
  const rule = ruleOf(path);
  if (replaced.has(rule)) return over;
  if (isMap(base) && isMap(over)) {
    return rule === 'services.*.logging' && hasOtherDriver(base, over) ? over : mergeMaps(base, over, path);
  }
  if (Array.isArray(base) && Array.isArray(over)) return mergeLists(base, over, rule);
  // A key with nothing behind it says that the thing is there, and takes nothing away from what it holds.
  if (over === null && typeof base === 'object') return base;
  return over;
}

/** Options of one logging driver mean nothing to another. */
function hasOtherDriver(base: JsonMap, over: JsonMap): boolean {
  const { driver: before } = base;
  const { driver: now } = over;
  return before !== undefined && now !== undefined && !sameData(before, now);
}

/** `services.web.ports` → `services.*.ports` */
function ruleOf(path: Path): string {
  return path.map((key, at) => (at === 1 ? '*' : key)).join('.');
}

function mergeMaps(base: JsonMap, over: JsonMap, path: Path): JsonMap {
  const merged: JsonMap = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = base[key];
    const isOpaque = below === undefined || key.startsWith('x-');
    merged[key] = isOpaque ? value : merge(below, value, [...path, key]);
  }
  return merged;
}

function mergeLists(base: Json[], over: Json[], rule: string): Json[] {
  const merged = new Map<string, Json>();
  for (const [at, item] of [...base, ...over].entries()) merged.set(identityOf(item, rule, at), item);
  return [...merged.values()];
}

function identityOf(item: Json, rule: string, at: number): string {
  if (!isMap(item)) return `=${textOf(item)}`;
  return identities[rule]?.(item) ?? `#${at}`;
}

/** The data without what stands at the path. */
export function dropPath(data: Json, path: Path): Json {
  const [key, ...rest] = path;
  if (key === undefined || !isMap(data) || !(key in data)) return data;
  const kept: JsonMap = { ...data };
  const child = kept[key];
  if (rest.length === 0 || child === undefined) delete kept[key];
  else kept[key] = dropPath(child, rest);
  return kept;
}
