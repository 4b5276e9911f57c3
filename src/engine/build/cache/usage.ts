// What the builder keeps for later builds and for those who look at failed ones, and taking it away.
import { msOf } from '#shared/notation/time.ts';
import type { BuildRoom } from '../session.ts';

export interface CacheEntryUsage {
  /** The step's key, or `failed:<build>` for what a failed step left. */
  ID: string;
  Type: 'regular';
  Description: string;
  InUse: boolean;
  Shared: boolean;
  /** Bytes. */
  Size: number;
  CreatedAt: string;
  LastUsedAt: string;
  UsageCount: number;
}

export interface BuildPruneAnswer {
  CachesDeleted: string[];
  /** Bytes. */
  SpaceReclaimed: number;
}

export interface PruneOptions {
  /** Those that images need too. */
  all?: boolean;
  unusedForMs?: number;
  keys?: ReadonlySet<string>;
}

/** Every cached step and what failed steps left, as `GET /system/df` shows it. */
export function cacheUsage(room: BuildRoom): CacheEntryUsage[] {
  const steps = room.cache.list().map(({ key, record }): CacheEntryUsage => {
    const holders = holdersBesides(room, key, record.layer?.chainId);
    return {
      ID: key,
      Type: 'regular',
      Description: record.instruction,
      InUse: holders.some(isBuild),
      Shared: holders.length > 0,
      Size: record.layer?.sizeBytes ?? 0,
      CreatedAt: record.created,
      LastUsedAt: record.lastUsed,
      UsageCount: record.uses,
    };
  });
  return [...steps, ...keptUsage(room)];
}

const keptPrefix = 'failed:';

function keptUsage({ records }: BuildRoom): CacheEntryUsage[] {
  return records.list().flatMap(({ id, record }): CacheEntryUsage[] =>
    record.kept === undefined
      ? []
      : [
          {
            ID: `${keptPrefix}${id}`,
            Type: 'regular',
            Description: `step ${record.failedStep} of ${record.subject}, which failed`,
            InUse: false,
            Shared: false,
            Size: record.kept.sizeBytes,
            CreatedAt: record.started,
            LastUsedAt: record.started,
            UsageCount: 0,
          },
        ],
  );
}

/**
 * Forgets cached steps: those no image needs, or all; only ones not used for `unusedForMs`, and of those with these
 * `keys`, where given. What failed steps left goes first, as it stands on the layers of others.
 */
export async function pruneCache(room: BuildRoom, options: PruneOptions): Promise<BuildPruneAnswer> {
  const beforeMs = Date.now() - (options.unusedForMs ?? 0);
  const { cache, snapshots, records } = room;
  const isChosen = (key: string, used: string): boolean =>
    options.keys?.has(key) !== false && msOf(used) <= beforeMs;
  const kept = keptUsage(room).filter(({ ID, LastUsedAt }) => isChosen(ID, LastUsedAt));
  for (const { ID } of kept) records.dropKept(ID.slice(keptPrefix.length));
  const chosen = cache.list().filter(({ key, record }) => {
    if (!isChosen(key, record.lastUsed)) return false;
    const users = holdersBesides(room, key, record.layer?.chainId);
    return !users.some(isBuild) && (options.all === true || users.length === 0);
  });
  await cache.forget(chosen.map(({ key }) => key));
  if (options.all === true && options.keys === undefined) await forgetMounts(room, beforeMs);
  const sentBytes =
    options.keys === undefined && options.unusedForMs === undefined ? room.contexts.prune() : 0;
  const freed = chosen.filter(
    ({ record }) => record.layer !== null && !snapshots.hasLayer(record.layer.chainId),
  );
  return {
    CachesDeleted: [...kept.map(({ ID }) => ID), ...chosen.map(({ key }) => key)],
    SpaceReclaimed:
      sentBytes +
      kept.reduce((sum, { Size }) => sum + Size, 0) +
      freed.reduce((sum, { record }) => sum + (record.layer?.sizeBytes ?? 0), 0),
  };
}

const isBuild = (holder: string): boolean => holder.startsWith('build:');

function holdersBesides(room: BuildRoom, key: string, chainId: string | undefined): string[] {
  if (chainId === undefined) return [];
  return room.leases.holders(`layer:${chainId}`).filter((holder) => holder !== `cache:${key}`);
}

/** Empties the folders of cache mounts that were not used since; those in use stay. */
async function forgetMounts({ cacheMounts }: BuildRoom, beforeMs: number): Promise<void> {
  const old = cacheMounts.list().filter(({ record }) => msOf(record.lastUsed) <= beforeMs);
  await cacheMounts.forget(old.map(({ name }) => name));
}
