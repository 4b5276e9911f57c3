// What a prune would remove, worked out from what the engine tells, in the order in which it would go.
import type { BuildCacheRecord, DiskUsageAnswer } from '#client/system.ts';
import type { ContainerSummary } from '#shared/contract/container.ts';
import type { NetworkInspect } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';
import { matchLabel } from '#shared/notation/filter.ts';

/** Which things a command removes; those that it does not name stay. */
export interface PruneWishes {
  containers?: boolean;
  networks?: boolean;
  volumes?: 'anonymous' | 'all';
  images?: 'dangling' | 'unused';
  /** `unshared`: steps that an image needs stay. */
  cache?: 'unshared' | 'all';
  /** Bytes of steps that may stay, those used last. */
  keepCacheBytes?: number | undefined;
  /** `until=24h`, `label=key[=value]`, `label!=key`, as typed. */
  filter: readonly string[];
}

export interface PlannedThing {
  kind: 'container' | 'network' | 'volume' | 'image' | 'build cache';
  name: string;
  /** Bytes that nothing else needs; 0 where a thing takes none. */
  sizeBytes: number;
}

const anonymous = 'com.docker.volume.anonymous';
const ownNetworks = new Set(['bridge', 'host', 'none']);

/** Containers first: what they alone had in use goes after them. Throws `invalid` for a filter that is none. */
export function planPrune(
  usage: DiskUsageAnswer,
  networks: readonly NetworkInspect[],
  wishes: PruneWishes,
): PlannedThing[] {
  const isChosen = chooserOf(wishes.filter);
  const containers = usage.Containers ?? [];
  const isGoing = (one: ContainerSummary): boolean =>
    wishes.containers === true &&
    ['exited', 'created', 'dead'].includes(one.State) &&
    isChosen(one.Labels, one.Created * 1000);
  const scene: Scene = { usage, networks, isChosen, staying: containers.filter((one) => !isGoing(one)) };
  return [
    ...containers.filter(isGoing).map(planned),
    ...(wishes.networks === true ? networksOf(scene) : []),
    ...(wishes.volumes === undefined ? [] : volumesOf(scene, wishes.volumes)),
    ...(wishes.images === undefined ? [] : imagesOf(scene, wishes.images)),
    ...(wishes.cache === undefined ? [] : cacheOf(scene, wishes)),
  ];
}

interface Scene {
  usage: DiskUsageAnswer;
  networks: readonly NetworkInspect[];
  isChosen: Chooser;
  /** Containers that are still there afterwards. */
  staying: readonly ContainerSummary[];
}

function planned(one: ContainerSummary): PlannedThing {
  const name = one.Names[0]?.replace(/^\//, '') ?? one.Id.slice(0, 12);
  return { kind: 'container', name, sizeBytes: one.SizeRw ?? 0 };
}

function networksOf({ networks, staying, isChosen }: Scene): PlannedThing[] {
  const used = new Set(staying.flatMap((one) => Object.keys(one.NetworkSettings?.Networks ?? {})));
  const sources = new Set(networks.map((one) => one.ConfigFrom?.Network));
  return networks
    .filter((one) => !ownNetworks.has(one.Name) && !used.has(one.Name) && !sources.has(one.Name))
    .filter((one) => isChosen(one.Labels, Date.parse(one.Created)))
    .map((one) => ({ kind: 'network', name: one.Name, sizeBytes: 0 }));
}

function volumesOf({ usage, staying, isChosen }: Scene, which: 'anonymous' | 'all'): PlannedThing[] {
  const used = new Set(staying.flatMap((one) => (one.Mounts ?? []).map((mount) => mount.Name)));
  return (
    (usage.Volumes ?? [])
      .filter((one) => which === 'all' || one.Labels?.[anonymous] !== undefined)
      // What was made with options stands for something elsewhere, and goes by name only.
      .filter((one) => !used.has(one.Name) && Object.keys(one.Options ?? {}).length === 0)
      .filter((one) => isChosen(one.Labels, undefined))
      .map((one) => ({
        kind: 'volume',
        name: one.Name,
        sizeBytes: Math.max(0, one.UsageData?.Size ?? 0),
      }))
  );
}

function imagesOf({ usage, staying, isChosen }: Scene, which: 'dangling' | 'unused'): PlannedThing[] {
  const used = new Set(staying.map((one) => one.ImageID));
  return (usage.Images ?? [])
    .filter((one) => !used.has(one.Id) && (which === 'unused' || tagsOf(one).length === 0))
    .filter((one) => isChosen(one.Labels, one.Created * 1000))
    .map((one) => ({
      kind: 'image',
      name: tagsOf(one).join(', ') || one.Id.replace('sha256:', '').slice(0, 12),
      sizeBytes: one.Size - Math.max(0, one.SharedSize),
    }));
}

function cacheOf({ usage, isChosen }: Scene, { cache, keepCacheBytes = 0 }: PruneWishes): PlannedThing[] {
  const steps = usage.BuildCache ?? [];
  const usedMs = (one: BuildCacheRecord): number => Date.parse(one.LastUsedAt ?? one.CreatedAt);
  const chosen = steps.filter((one) => isChosen(null, usedMs(one)));
  let excess = steps.reduce((sum, { Size }) => sum + Size, 0) - keepCacheBytes;
  const isOver = ({ Size }: BuildCacheRecord): boolean => {
    excess -= Size;
    return excess + Size > 0;
  };
  const going = keepCacheBytes <= 0 ? chosen : chosen.sort((a, b) => usedMs(a) - usedMs(b)).filter(isOver);
  return going
    .filter((one) => !one.InUse && (cache === 'all' || !one.Shared))
    .map((one) => ({ kind: 'build cache', name: one.ID, sizeBytes: one.Shared ? 0 : one.Size }));
}

const tagsOf = (image: { RepoTags: string[] | null }): string[] =>
  (image.RepoTags ?? []).filter((tag) => !tag.startsWith('<none>'));

type Labels = Record<string, string> | null | undefined;

type Chooser = (labels: Labels, createdMs: number | undefined) => boolean;

function chooserOf(filter: readonly string[]): Chooser {
  const nowMs = Date.now();
  const tests = filter.map((text) => {
    const [, key = '', no = '', value = ''] = /^([^!=]+)(!?)=(.*)$/s.exec(text) ?? [];
    if (key === 'label') return (labels: Labels) => matchLabel(labels, [value]) === (no === '');
    if (key !== 'until' || no !== '') throw invalid(`invalid filter '${text.slice(0, 100)}'`);
    const boundMs = parseTimestamp(value, nowMs).seconds * 1000;
    return (_: Labels, createdMs: number | undefined) => createdMs !== undefined && createdMs < boundMs;
  });
  return (labels, createdMs) => tests.every((test) => test(labels, createdMs));
}
