// wharf volume ls
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { printRows } from '#cli/terminal/table.ts';
import { filtersOf, labelsText } from '#cli/terminal/words.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = {
  Driver: 'DRIVER',
  Name: 'VOLUME NAME',
  Mountpoint: 'MOUNTPOINT',
  Scope: 'SCOPE',
  Labels: 'LABELS',
  Links: 'LINKS',
  Size: 'SIZE',
  Availability: 'AVAILABILITY',
  Group: 'GROUP',
  Status: 'STATUS',
  UsedBy: 'USED BY',
};

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    cluster: toggle('', undefined, { hidden: true }),
    filter: many('Only these (dangling=true, name=data …)', 'KEY=VALUE', { short: 'f' }),
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    quiet: toggle('Show names only', 'q'),
    size: toggle('Show sizes, and which containers have each', 's'),
  },
  args: [0, 0],
  examples: ['wharf volume ls', 'wharf volume ls --filter dangling=true'],
  async run({ cli, flags }) {
    const { volumes } = await cli.client();
    const found = await volumes.list(filtersOf(flags.filter));
    found.sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const usages = await Promise.all(found.map(({ Name }) => (flags.size ? volumes.usage(Name) : undefined)));
    const rows = found.map((volume, index) => ({
      Availability: 'N/A',
      Driver: volume.Driver,
      Group: 'N/A',
      Labels: labelsText(volume.Labels),
      Links: volume.UsageData === undefined ? 'N/A' : String(volume.UsageData.RefCount),
      Mountpoint: volume.Mountpoint,
      Name: volume.Name,
      Scope: volume.Scope,
      Size: sizeText(usages[index]?.Size ?? volume.UsageData?.Size),
      ...(flags.size ? { UsedBy: usages[index]?.UsedBy.join(', ') ?? '' } : {}),
      Status: 'N/A',
      Label: (name: string) => volume.Labels?.[name] ?? '',
    }));
    if (flags.quiet && flags.format === undefined) for (const { Name } of rows) cli.print(Name);
    else
      printRows(cli, rows, {
        heads,
        columns: flags.size ? ['Driver', 'Name', 'Size', 'UsedBy'] : ['Driver', 'Name'],
        format: flags.format ?? cli.config().volumesFormat,
      });
  },
});

const sizeText = (bytes = -1): string => (bytes < 0 ? 'N/A' : formatBytesDecimal(bytes));
