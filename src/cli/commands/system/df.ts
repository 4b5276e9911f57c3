// wharf system df

import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { printRows, renderTable } from '#cli/terminal/table.ts';
import { ago, shownId } from '#cli/terminal/words.ts';
import type { DiskUsageAnswer } from '#client/system.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = {
  Type: 'TYPE',
  TotalCount: 'TOTAL',
  Active: 'ACTIVE',
  Size: 'SIZE',
  Reclaimable: 'RECLAIMABLE',
};

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    verbose: toggle('Show every thing', 'v'),
  },
  args: [0, 0],
  examples: ['wharf system df', 'wharf system df -v'],
  async run({ cli, flags }) {
    const { system } = await cli.client();
    const usage = await system.diskUsage();
    if (flags.verbose) cli.stdout.write(verboseText(usage));
    else printRows(cli, summaryRows(usage), { heads, columns: Object.keys(heads), format: flags.format });
  },
});

interface Counted {
  active: boolean;
  size: number;
}

function summaryRows(usage: DiskUsageAnswer): Record<string, string>[] {
  const images = usage.Images ?? [];
  const row = (type: string, things: Counted[], size = total(things)) => {
    const unused = Math.max(0, size - total(things.filter(({ active }) => active)));
    const share = size > 0 ? ` (${Math.floor((unused / size) * 100)}%)` : '';
    return {
      Active: String(things.filter(({ active }) => active).length),
      Reclaimable: `${formatBytesDecimal(unused)}${share}`,
      Size: formatBytesDecimal(size),
      TotalCount: String(things.length),
      Type: type,
    };
  };
  return [
    row(
      'Images',
      images.map((image) => ({
        active: image.Containers > 0,
        size: image.Size - Math.max(0, image.SharedSize),
      })),
      usage.LayersSize,
    ),
    row(
      'Containers',
      (usage.Containers ?? []).map(({ State, SizeRw }) => ({
        active: State === 'running' || State === 'paused',
        size: SizeRw ?? 0,
      })),
    ),
    row(
      'Local Volumes',
      (usage.Volumes ?? []).map(({ UsageData }) => ({
        active: (UsageData?.RefCount ?? 0) > 0,
        size: Math.max(0, UsageData?.Size ?? 0),
      })),
    ),
    row(
      'Build Cache',
      (usage.BuildCache ?? []).map(({ InUse, Size }) => ({ active: InUse, size: Size })),
    ),
  ];
}

function total(things: Counted[]): number {
  return things.reduce((sum, { size }) => sum + size, 0);
}

function verboseText(usage: DiskUsageAnswer): string {
  const images = (usage.Images ?? []).map((image) => {
    const [name = '<none>:<none>'] = image.RepoTags ?? [];
    const colon = name.lastIndexOf(':');
    const shared = Math.max(0, image.SharedSize);
    return [
      name.slice(0, colon),
      name.slice(colon + 1),
      shownId(image.Id, false),
      ago(image.Created),
      formatBytesDecimal(image.Size),
      formatBytesDecimal(shared),
      formatBytesDecimal(image.Size - shared),
      String(Math.max(0, image.Containers)),
    ];
  });
  const containers = (usage.Containers ?? []).map((each) => [
    shownId(each.Id, false),
    each.Image,
    each.Status,
    formatBytesDecimal(each.SizeRw ?? 0),
    each.Names.map((name) => name.replace(/^\//, '')).join(','),
  ]);
  const volumes = (usage.Volumes ?? []).map(({ Name, UsageData }) => [
    Name,
    String(UsageData?.RefCount ?? 0),
    formatBytesDecimal(Math.max(0, UsageData?.Size ?? 0)),
  ]);
  const cache = (usage.BuildCache ?? []).map((each) => [
    shownId(each.ID, false),
    each.Type,
    formatBytesDecimal(each.Size),
    String(each.UsageCount ?? 0),
    String(each.InUse),
    each.Description,
  ]);
  return [
    `Images space usage:\n\n${renderTable([['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'], ...images])}`,
    `Containers space usage:\n\n${renderTable([['CONTAINER ID', 'IMAGE', 'STATUS', 'SIZE', 'NAMES'], ...containers])}`,
    `Local Volumes space usage:\n\n${renderTable([['VOLUME NAME', 'LINKS', 'SIZE'], ...volumes])}`,
    `Build cache usage: ${formatBytesDecimal((usage.BuildCache ?? []).reduce((sum, { Size }) => sum + Size, 0))}\n\n${renderTable([['CACHE ID', 'TYPE', 'SIZE', 'USAGE', 'IN USE', 'DESCRIPTION'], ...cache])}`,
  ].join('\n');
}
