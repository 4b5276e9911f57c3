// What `system df -v` shows: every image, container, volume and record of the build cache.
import { imageRows } from '#cli/commands/image/list.ts';
import { containerRow } from '#cli/commands/inside/ps.ts';
import { type Row, renderTable } from '#cli/terminal/table.ts';
import { ago, goTime, labelsText, shownId } from '#cli/terminal/words.ts';
import type { BuildCacheRecord, DiskUsageAnswer } from '#client/system.ts';
import type { VolumeInspect } from '#shared/contract/volume.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

interface VerboseRows {
  Images: Row[];
  Containers: Row[];
  Volumes: Row[];
  BuildCache: Row[];
}

/** Under the names that templates know them by; ids are whole unless `short`. */
export function verboseRows(usage: DiskUsageAnswer, short = false): VerboseRows {
  return {
    Images: (usage.Images ?? []).flatMap((image) =>
      imageRows(image, { whole: !short, digests: false }).slice(0, 1),
    ),
    Containers: (usage.Containers ?? []).map((each) => containerRow({ ...each, SizeRootFs: 0 }, !short)),
    Volumes: (usage.Volumes ?? []).map(volumeRow),
    BuildCache: [...(usage.BuildCache ?? [])]
      .sort((a, b) => ((a.LastUsedAt ?? '') < (b.LastUsedAt ?? '') ? -1 : 1))
      .map((each) => cacheRow(each, short)),
  };
}

function volumeRow({ Driver, Labels, Mountpoint, Name, Scope, UsageData }: VolumeInspect): Row {
  const known = UsageData !== undefined && UsageData !== null;
  return {
    Availability: 'N/A',
    Driver,
    Group: 'N/A',
    Labels: labelsText(Labels),
    Links: known ? String(UsageData.RefCount) : 'N/A',
    Mountpoint,
    Name,
    Scope,
    Size: known && UsageData.Size >= 0 ? formatBytesDecimal(UsageData.Size, 4) : 'N/A',
    Status: 'N/A',
  };
}

function cacheRow(record: BuildCacheRecord, short: boolean): Row {
  const since = (time: string | null | undefined) => (time ? ago(Date.parse(time) / 1000) : '');
  return {
    CacheType: record.Type,
    CreatedAt: goTime(record.CreatedAt),
    CreatedSince: since(record.CreatedAt),
    Description: record.Description,
    ID: shownId(record.ID, !short),
    InUse: String(record.InUse),
    LastUsedAt: goTime(record.LastUsedAt ?? ''),
    LastUsedSince: since(record.LastUsedAt),
    Parent: '',
    Shared: String(record.Shared),
    Size: formatBytesDecimal(record.Size),
    UsageCount: String(record.UsageCount ?? 0),
  };
}

/** The four tables. */
export function verboseText(usage: DiskUsageAnswer): string {
  const rows = verboseRows(usage, true);
  const table = (things: Row[], columns: [field: string, head: string][]) =>
    renderTable([
      columns.map(([, head]) => head),
      ...things.map((row) => columns.map(([field]) => String(row[field]))),
    ]);
  const cacheBytes = (usage.BuildCache ?? []).reduce((sum, { Shared, Size }) => sum + (Shared ? 0 : Size), 0);
  return [
    `Images space usage:\n\n${table(rows.Images, imageColumns)}`,
    `Containers space usage:\n\n${table(rows.Containers, containerColumns)}`,
    `Local Volumes space usage:\n\n${table(rows.Volumes, volumeColumns)}`,
    `Build cache usage: ${formatBytesDecimal(cacheBytes, 4)}\n\n${table(rows.BuildCache, cacheColumns)}`,
  ].join('\n');
}

const imageColumns: [string, string][] = [
  ['Repository', 'REPOSITORY'],
  ['Tag', 'TAG'],
  ['ID', 'IMAGE ID'],
  ['CreatedSince', 'CREATED'],
  ['Size', 'SIZE'],
  ['SharedSize', 'SHARED SIZE'],
  ['UniqueSize', 'UNIQUE SIZE'],
  ['Containers', 'CONTAINERS'],
];
const containerColumns: [string, string][] = [
  ['ID', 'CONTAINER ID'],
  ['Image', 'IMAGE'],
  ['Command', 'COMMAND'],
  ['LocalVolumes', 'LOCAL VOLUMES'],
  ['Size', 'SIZE'],
  ['RunningFor', 'CREATED'],
  ['Status', 'STATUS'],
  ['Names', 'NAMES'],
];
const volumeColumns: [string, string][] = [
  ['Name', 'VOLUME NAME'],
  ['Links', 'LINKS'],
  ['Size', 'SIZE'],
];
const cacheColumns: [string, string][] = [
  ['ID', 'CACHE ID'],
  ['CacheType', 'CACHE TYPE'],
  ['Size', 'SIZE'],
  ['CreatedSince', 'CREATED'],
  ['LastUsedSince', 'LAST USED'],
  ['UsageCount', 'USAGE'],
  ['Shared', 'SHARED'],
];
