// What `system prune` would remove, worked out from what the engine tells, in the order in which it would go.
import type { DiskUsageAnswer } from '#client/system.ts';
import type { NetworkInspect } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';
import { matchLabel } from '#shared/notation/filter.ts';

export interface PruneWishes {
  all: boolean;
  volumes: boolean;
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
  const isGoing = (one: (typeof containers)[number]): boolean =>
    ['exited', 'created', 'dead'].includes(one.State) && isChosen(one.Labels, one.Created * 1000);
  const going = containers.filter(isGoing);
  const staying = containers.filter((one) => !isGoing(one));
  const usedNetworks = new Set(staying.flatMap((one) => Object.keys(one.NetworkSettings?.Networks ?? {})));
  const usedVolumes = new Set(staying.flatMap((one) => (one.Mounts ?? []).map((mount) => mount.Name)));
  const usedImages = new Set(staying.map((one) => one.ImageID));
  return [
    ...going.map((one): PlannedThing => {
      const name = one.Names[0]?.replace(/^\//, '') ?? one.Id.slice(0, 12);
      return { kind: 'container', name, sizeBytes: one.SizeRw ?? 0 };
    }),
    ...networks
      .filter((one) => !ownNetworks.has(one.Name) && !usedNetworks.has(one.Name))
      .filter((one) => isChosen(one.Labels, Date.parse(one.Created)))
      .map((one): PlannedThing => ({ kind: 'network', name: one.Name, sizeBytes: 0 })),
    ...(usage.Volumes ?? [])
      .filter((one) => wishes.volumes && one.Labels?.[anonymous] !== undefined && !usedVolumes.has(one.Name))
      .filter((one) => isChosen(one.Labels, undefined))
      .map((one): PlannedThing => {
        return { kind: 'volume', name: one.Name, sizeBytes: Math.max(0, one.UsageData?.Size ?? 0) };
      }),
    ...(usage.Images ?? [])
      .filter((one) => !usedImages.has(one.Id) && (wishes.all || tagsOf(one).length === 0))
      .filter((one) => isChosen(one.Labels, one.Created * 1000))
      .map((one): PlannedThing => {
        const name = tagsOf(one).join(', ') || one.Id.replace('sha256:', '').slice(0, 12);
        return { kind: 'image', name, sizeBytes: one.Size - Math.max(0, one.SharedSize) };
      }),
    ...(usage.BuildCache ?? [])
      .filter((one) => !one.InUse && wishes.filter.length === 0)
      .map((one): PlannedThing => {
        return { kind: 'build cache', name: one.ID, sizeBytes: one.Shared ? 0 : one.Size };
      }),
  ];
}

const tagsOf = (image: { RepoTags: string[] | null }): string[] =>
  (image.RepoTags ?? []).filter((tag) => !tag.startsWith('<none>'));

type Labels = Record<string, string> | null | undefined;

function chooserOf(filter: readonly string[]): (labels: Labels, createdMs: number | undefined) => boolean {
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
