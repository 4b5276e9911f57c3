// Which images there are: the rows of `docker images`, filtered.
import type { ImageSummary } from '#shared/contract/image.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';
import { type Filters, filterKeysOnly, flagOf, matchLabel } from '#shared/notation/filter.ts';
import { msOf } from '#shared/notation/time.ts';
import { parseReference } from '#shared/oci/reference.ts';
import type { ImageRecord } from './record.ts';
import type { ImageRoom } from './room.ts';

export interface ListRequest {
  filters?: Filters;
  /** Also images that only other images stand on. */
  all?: boolean;
}

type StoreRoom = Pick<ImageRoom, 'store'>;

/** Newest first. Throws `invalid` on an unknown filter. */
export function listImages(
  { store }: StoreRoom,
  { filters = new Map(), all = false }: ListRequest,
): ImageSummary[] {
  filterKeysOnly(filters, ['reference', 'dangling', 'label', 'before', 'since', 'until']);
  const wanted = imageMatcher({ store }, filters);
  return store
    .all()
    .filter((image) => all || image.tags.length > 0 || store.childrenOf(image.id).length === 0)
    .filter(wanted)
    .sort((a, b) => msOf(b.createdAt) - msOf(a.createdAt) || (a.id < b.id ? -1 : 1))
    .map((image) => summaryOf(image, filters.get('reference')));
}

function summaryOf(image: ImageRecord, patterns: readonly string[] | undefined): ImageSummary {
  const shown = (names: string[]): string[] =>
    patterns === undefined
      ? names
      : names.filter((name) => patterns.some((one) => matchReference(one, name)));
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    RepoTags: shown(image.tags),
    RepoDigests: shown(image.repoDigests),
    Created: Math.max(0, Math.floor(msOf(image.createdAt) / 1000)),
    Size: image.sizeBytes,
    SharedSize: -1,
    VirtualSize: image.sizeBytes,
    Labels: image.config.config?.Labels ?? null,
    Containers: -1,
  };
}

/** True for images that all of the filters accept; `dangling` is left to prune where it means something else. */
export function imageMatcher({ store }: StoreRoom, filters: Filters): (image: ImageRecord) => boolean {
  const dangling = flagOf(filters, 'dangling');
  const edge = (key: string, pick: (...ms: number[]) => number): number | undefined => {
    const names = filters.get(key) ?? [];
    return names.length === 0 ? undefined : pick(...names.map((name) => msOf(store.resolve(name).createdAt)));
  };
  const before = edge('before', Math.min);
  const since = edge('since', Math.max);
  const until = untilOf(filters);
  const patterns = filters.get('reference') ?? [];
  return (image) => {
    const createdMs = msOf(image.createdAt);
    if (before !== undefined && createdMs >= before) return false;
    if (since !== undefined && createdMs <= since) return false;
    if (until !== undefined && createdMs >= until) return false;
    if (dangling !== undefined && dangling !== (image.tags.length === 0)) return false;
    if (!matchLabel(image.config.config?.Labels, filters.get('label'))) return false;
    const names = [...image.tags, ...image.repoDigests];
    return patterns.length === 0 || patterns.some((one) => names.some((name) => matchReference(one, name)));
  };
}

function untilOf(filters: Filters): number | undefined {
  const points = (filters.get('until') ?? []).map((text) => parseTimestamp(text, Date.now()));
  return points.length === 0
    ? undefined
    : Math.min(...points.map(({ seconds, nanos }) => seconds * 1000 + nanos / 1e6));
}

/** True where the glob matches a name with or without its tag: `py*`, `*:3.11`, `ghcr.io/team/*`. */
export function matchReference(pattern: string, name: string): boolean {
  const regex = globRegex(pattern);
  const reference = parseReference(name);
  const bare = name.includes('@') ? name.slice(0, name.indexOf('@')) : name.replace(/:[^:/]*$/, '');
  const full = `${reference.registry}/${reference.repository}`;
  const suffix = name.slice(bare.length);
  return [name, bare, full, full + suffix].some((text) => regex.test(text));
}

/** `*` and `?` stay inside one part of the path, as in shells. */
function globRegex(pattern: string): RegExp {
  const source = pattern.slice(0, 1000).replace(/\*+|\?|\[[^\]/]+\]|[\\^$.|+(){}[\]]/g, (part) => {
    if (part.startsWith('*')) return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 2 && part.startsWith('[')) return part.replaceAll('\\', '\\\\').replace(/^\[!/, '[^');
    return `\\${part}`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return /^$/;
  }
}
