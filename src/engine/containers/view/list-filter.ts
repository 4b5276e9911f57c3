// Which containers a list shows: the filters of `GET /containers/json`.
import { invalid } from '#shared/errors.ts';
import { type Filters, filterKeysOnly, flagOf, matchLabel, matchPattern } from '#shared/notation/filter.ts';
import type { ContainerRecord } from '../record/record.ts';
import { statusOf } from './status.ts';

const keys = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];
const statuses = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const healths = ['none', 'starting', 'healthy', 'unhealthy'];

/** What the filters need to know of others. */
export interface FilterWorld {
  /** Throws `not-found`. */
  find(ref: string): ContainerRecord;
  /** Ids of the image and those built on it; empty where there is none. */
  imagesUnder(ref: string): ReadonlySet<string>;
}

/** Throws `invalid` for a key or value that Docker does not know. */
export function checkListFilters(filters: Filters): void {
  filterKeysOnly(filters, keys);
  for (const status of filters.get('status') ?? []) {
    if (!statuses.includes(status)) throw unknownValue('status', 'state', status, statuses);
  }
  for (const health of filters.get('health') ?? []) {
    if (!healths.includes(health)) throw unknownValue('health', 'health', health, healths);
  }
  flagOf(filters, 'is-task');
  for (const code of filters.get('exited') ?? []) {
    if (!/^-?\d+$/.test(code))
      throw invalid(`invalid filter 'exited=${code}': ${JSON.stringify(code)} is no number`);
  }
}

function unknownValue(key: string, what: string, value: string, known: readonly string[]): Error {
  const sent = value.slice(0, 100);
  return invalid(
    `invalid filter '${key}=${sent}': invalid value for ${what} (${sent}): must be one of ${known.join(', ')}`,
  );
}

/** A filter that asks about state shows stopped containers too. */
export function showsStopped(filters: Filters): boolean {
  return ['status', 'exited', 'before', 'since'].some((key) => filters.has(key));
}

/** True where the record has one of the values of every key (all of them, for labels). */
export function listMatcher(filters: Filters, world: FilterWorld): (record: ContainerRecord) => boolean {
  const tests = [...filters].map(([key, values]) => testOf(key, values, world));
  return (record) => tests.every((test) => test(record));
}

type Test = (record: ContainerRecord) => boolean;

function testOf(key: string, values: readonly string[], world: FilterWorld): Test {
  const some = (accepts: (record: ContainerRecord, value: string) => boolean): Test => {
    return (record) => values.some((value) => accepts(record, value));
  };
  switch (key) {
    case 'id':
      return some((record, value) => record.id.startsWith(value));
    case 'name':
      return some((record, value) => matchesName(record.name, value));
    case 'label':
      return (record) => matchLabel(record.config.Labels, values);
    case 'status':
      return some((record, value) => statusOf(record) === value);
    case 'health':
      return some((record, value) => (record.health?.Status ?? 'none') === value);
    case 'exited':
      return some((record, value) => statusOf(record) === 'exited' && record.exitCode === Number(value));
    case 'network':
      return some((record, value) => networksOf(record).includes(value));
    case 'volume':
      return some((record, value) =>
        record.mounts.some((mount) => mount.Name === value || mount.Destination === value),
      );
    default:
      return worldTestOf(key, values, world) ?? portTestOf(key, values) ?? (() => true);
  }
}

function worldTestOf(key: string, values: readonly string[], world: FilterWorld): Test | undefined {
  if (key === 'ancestor') {
    const wanted = new Set(values.flatMap((value) => [...world.imagesUnder(value)]));
    return (record) => wanted.has(record.imageId);
  }
  if (key !== 'before' && key !== 'since') return undefined;
  const bounds = values.map((value) => world.find(value).createdAt);
  return (record) =>
    bounds.some((bound) => (key === 'before' ? record.createdAt < bound : record.createdAt > bound));
}

function portTestOf(key: string, values: readonly string[]): Test | undefined {
  if (key !== 'publish' && key !== 'expose') return undefined;
  const wanted = new Set(values.flatMap(portKeys));
  return (record) => {
    const ports = key === 'publish' ? record.hostConfig.PortBindings : record.config.ExposedPorts;
    return Object.keys(ports ?? {}).some((port) => wanted.has(port));
  };
}

/** `80`, `80/udp` and `8000-8010/tcp`. */
function portKeys(text: string): string[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match === null) throw invalid(`invalid port: ${text}`);
  const first = Number(match[1]);
  const last = Math.min(Number(match[2] ?? first), 65_535);
  const protocol = match[3] ?? 'tcp';
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => `${first + at}/${protocol}`);
}

/** With or without the slash. */
const matchesName = (name: string, pattern: string): boolean =>
  matchPattern(name, pattern) || matchPattern(`/${name}`, pattern);

function networksOf(record: ContainerRecord): string[] {
  const wired = Object.entries(record.wiring?.networks ?? {});
  return [
    record.hostConfig.NetworkMode ?? '',
    ...Object.keys(record.endpoints),
    ...wired.flatMap(([name, settings]) => [name, settings.NetworkID ?? '']),
  ];
}
