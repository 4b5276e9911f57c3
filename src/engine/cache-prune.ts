// Which cached build steps a prune means: its filters, and how much it is to leave.
import type { CacheEntryUsage } from '#engine/build/build.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';
import { type Filters, filterKeysOnly, flagOf } from '#shared/notation/filter.ts';
import { msOf } from '#shared/notation/time.ts';

export interface CacheBounds {
  /** Steps are kept, the latest used first, while all that is kept is not more than this. */
  keepBytes?: number | undefined;
}

const keys = ['until', 'unused-for', 'id', 'parent', 'type', 'description', 'inuse', 'shared', 'private'];

/** The keys of the steps to forget. Throws `invalid` for a filter that is not known. */
export function chooseCacheEntries(
  entries: readonly CacheEntryUsage[],
  filters: Filters,
  bounds: CacheBounds = {},
): Set<string> {
  filterKeysOnly(filters, keys);
  const tests = [...filters].map(([key, values]) => testOf(filters, key, values));
  const chosen = entries.filter((entry) => tests.every((test) => test(entry)));
  const { keepBytes } = bounds;
  if (keepBytes === undefined || keepBytes <= 0) return new Set(chosen.map(({ ID }) => ID));
  let excess = entries.reduce((sum, { Size }) => sum + Size, 0) - keepBytes;
  const out = new Set<string>();
  for (const entry of chosen.sort((a, b) => msOf(a.LastUsedAt) - msOf(b.LastUsedAt))) {
    if (excess <= 0) break;
    out.add(entry.ID);
    excess -= entry.Size;
  }
  return out;
}

type Test = (entry: CacheEntryUsage) => boolean;

function testOf(filters: Filters, key: string, values: readonly string[]): Test {
  switch (key) {
    case 'until':
    case 'unused-for': {
      const nowMs = Date.now();
      const bounds = values.map((text) => parseTimestamp(text, nowMs).seconds * 1000);
      return (entry) => bounds.every((boundMs) => msOf(entry.LastUsedAt) <= boundMs);
    }
    case 'id':
      return (entry) => values.some((value) => entry.ID.startsWith(value));
    case 'type':
      return (entry) => values.includes(entry.Type);
    case 'description':
      return (entry) => values.some((value) => entry.Description.includes(value));
    case 'parent':
      return () => false;
    default:
      return flagTest(filters, key);
  }
}

function flagTest(filters: Filters, key: string): Test {
  const wanted = flagOf(filters, key) ?? true;
  if (key === 'inuse') return (entry) => entry.InUse === wanted;
  if (key === 'shared') return (entry) => entry.Shared === wanted;
  return (entry) => !entry.Shared === wanted;
}
