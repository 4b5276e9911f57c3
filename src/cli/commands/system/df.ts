// wharf system df

import { verboseRows, verboseText } from '#cli/commands/system/df-verbose.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { printJsonOr } from '#cli/terminal/inspected.ts';
import { printRows } from '#cli/terminal/table.ts';
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
    if (!flags.verbose)
      printRows(cli, summaryRows(usage), { heads, columns: Object.keys(heads), format: flags.format });
    else if (flags.format === undefined) cli.stdout.write(verboseText(usage));
    else printJsonOr(cli, verboseRows(usage), flags.format, () => '');
  },
});

interface Counted {
  active: boolean;
  size: number;
}

interface Kind {
  type: string;
  things: Counted[];
  /** All of them together, where that is not the sum; and what of it can be had back. */
  size?: number;
  unused?: number;
}

function summaryRow({ type, things, size = total(things), ...kind }: Kind): Record<string, string> {
  const unused = kind.unused ?? Math.max(0, size - total(things.filter(({ active }) => active)));
  const share = size > 0 ? ` (${Math.floor((unused / size) * 100)}%)` : '';
  return {
    Active: String(things.filter(({ active }) => active).length),
    Reclaimable: `${formatBytesDecimal(unused, 4)}${type === 'Build Cache' ? '' : share}`,
    Size: formatBytesDecimal(size, 4),
    TotalCount: String(things.length),
    Type: type,
  };
}

function summaryRows(usage: DiskUsageAnswer): Record<string, string>[] {
  const images = usage.Images ?? [];
  const cache = usage.BuildCache ?? [];
  // What images share with the cache is counted with the images.
  const ownCache = cache
    .filter(({ Shared }) => !Shared)
    .map(({ InUse, Size }) => ({ active: InUse, size: Size }));
  return [
    {
      type: 'Images',
      size: usage.LayersSize,
      things: images.map(({ Containers, Size, SharedSize }) => ({
        active: Containers > 0,
        size: Size - Math.max(0, SharedSize),
      })),
    },
    {
      type: 'Containers',
      things: (usage.Containers ?? []).map(({ State, SizeRw }) => ({
        active: State === 'running' || State === 'paused' || State === 'restarting',
        size: SizeRw ?? 0,
      })),
    },
    {
      type: 'Local Volumes',
      things: (usage.Volumes ?? []).map(({ UsageData }) => ({
        active: (UsageData?.RefCount ?? 0) > 0,
        size: Math.max(0, UsageData?.Size ?? 0),
      })),
    },
    {
      type: 'Build Cache',
      things: cache.map(({ InUse, Size }) => ({ active: InUse, size: Size })),
      size: total(ownCache),
      unused: total(ownCache.filter(({ active }) => !active)),
    },
  ].map(summaryRow);
}

function total(things: Counted[]): number {
  return things.reduce((sum, { size }) => sum + size, 0);
}
