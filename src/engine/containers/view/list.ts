// The list of containers, as `ps` shows it.
import type { ContainerSummary } from '#shared/contract/container.ts';
import type { PortMap, PortSummary } from '#shared/contract/network.ts';
import { isKind } from '#shared/errors.ts';
import type { Filters } from '#shared/notation/filter.ts';
import { parsePortKey } from '#shared/notation/port.ts';
import type { ContainerRecord } from '../record/record.ts';
import type { Room } from '../room.ts';
import { networksOf } from './inspect.ts';
import { checkListFilters, listMatcher, showsStopped } from './list-filter.ts';
import { mountPointsOf, sizesOf } from './parts.ts';
import { statusOf, statusText } from './status.ts';

export interface ListOptions {
  /** Stopped ones too. */
  all?: boolean | undefined;
  /** The newest so many, stopped ones too. */
  limit?: number | undefined;
  /** Measure the writable layers. */
  size?: boolean | undefined;
  filters?: Filters | undefined;
}

/** The newest first. */
export async function listContainers(room: Room, options: ListOptions): Promise<ContainerSummary[]> {
  const filters: Filters = options.filters ?? new Map();
  checkListFilters(filters);
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : undefined;
  const all = options.all === true || limit !== undefined || showsStopped(filters);
  const matches = listMatcher(filters, {
    find: (ref) => room.store.resolve(ref),
    imagesUnder: (ref) => imagesUnder(room, ref),
  });
  const shown = room.store
    .all()
    .filter((record) => record.phase !== 'creating' && (all || isShown(record)) && matches(record))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    .slice(0, limit);
  const nowMs = Date.now();
  const rows = shown.map((record) => summaryOf(room, record, nowMs));
  if (options.size === true) await Promise.all(rows.map((row) => addSize(room, row)));
  return rows;
}

function isShown(record: ContainerRecord): boolean {
  const status = statusOf(record);
  return status === 'running' || status === 'paused' || status === 'restarting';
}

function imagesUnder(room: Room, ref: string): Set<string> {
  try {
    const wanted = room.images.resolve(ref);
    const found = new Set<string>([wanted.id]);
    const diffs = wanted.layers.map((layer) => layer.diffId);
    for (const id of new Set(room.store.all().map((record) => record.imageId))) {
      const layers = layersOf(room, id);
      if (diffs.length > 0 && diffs.every((diff, at) => layers[at] === diff)) found.add(id);
    }
    return found;
  } catch (thrown) {
    if (isKind(thrown, 'not-found', 'invalid')) return new Set();
    throw thrown;
  }
}

function layersOf(room: Room, imageId: string): string[] {
  try {
    return room.images.resolve(imageId).layers.map((layer) => layer.diffId);
  } catch {
    return [];
  }
}

function summaryOf(room: Room, record: ContainerRecord, nowMs: number): ContainerSummary {
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: imageNameOf(room, record),
    ImageID: record.imageId,
    Command: [record.path, ...record.args.map(quoteSpaces)].join(' '),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: portSummaries(record),
    Labels: record.config.Labels ?? {},
    State: statusOf(record),
    Status: statusText(record, nowMs),
    HostConfig: {
      NetworkMode: record.hostConfig.NetworkMode ?? 'bridge',
      ...(record.hostConfig.Annotations ? { Annotations: record.hostConfig.Annotations } : {}),
    },
    NetworkSettings: { Networks: networksOf(room, record) },
    Mounts: mountPointsOf(record),
  };
}

const quoteSpaces = (word: string): string => (word.includes(' ') ? `'${word}'` : word);

/** As it was asked for, while that name still means this image. */
function imageNameOf(room: Room, record: ContainerRecord): string {
  try {
    return room.images.resolve(record.config.Image).id === record.imageId
      ? record.config.Image
      : record.imageId;
  } catch {
    return record.imageId;
  }
}

async function addSize(room: Room, row: ContainerSummary): Promise<void> {
  const { SizeRw, SizeRootFs } = await sizesOf(room, room.store.require(row.Id));
  Object.assign(row, SizeRw === 0 ? { SizeRootFs } : { SizeRw, SizeRootFs });
}

/** Published and exposed ports; the published ones only while they answer. */
function portSummaries(record: ContainerRecord): PortSummary[] {
  const exposed: PortMap = {};
  for (const key of Object.keys(record.config.ExposedPorts ?? {})) exposed[key] = null;
  const published = record.wiring?.ports ?? {};
  if (record.wiring === undefined) return [];
  return Object.entries({ ...exposed, ...published }).flatMap(([key, bindings]) =>
    summariesOf(key, bindings),
  );
}

function summariesOf(key: string, bindings: PortMap[string]): PortSummary[] {
  const { port, protocol } = parsePortKey(key);
  if (bindings === null || bindings.length === 0) return [{ PrivatePort: port, Type: protocol }];
  return bindings.map(({ HostIp, HostPort }) => ({
    IP: HostIp || '0.0.0.0',
    PrivatePort: port,
    PublicPort: Number(HostPort),
    Type: protocol,
  }));
}
