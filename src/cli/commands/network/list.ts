// wharf network ls
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { printRows } from '#cli/terminal/table.ts';
import { filtersOf, goTime, labelsText, shownId } from '#cli/terminal/words.ts';

const heads = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  IPv4: 'IPV4',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
};

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    filter: many('Only these (driver=bridge, name=back …)', 'KEY=VALUE', { short: 'f' }),
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    'no-trunc': toggle('Do not shorten anything'),
    quiet: toggle('Show ids only', 'q'),
  },
  args: [0, 0],
  examples: ['wharf network ls'],
  async run({ cli, flags }) {
    const { networks } = await cli.client();
    const found = await networks.list(filtersOf(flags.filter));
    found.sort((a, b) => (a.Name < b.Name ? -1 : 1));
    const rows = found.map((network) => ({
      CreatedAt: goTime(network.Created),
      Driver: network.Driver,
      ID: shownId(network.Id, flags['no-trunc']),
      IPv4: String(network.EnableIPv4 ?? true),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Labels: labelsText(network.Labels),
      Name: network.Name,
      Scope: network.Scope,
      Label: (name: string) => network.Labels?.[name] ?? '',
    }));
    if (flags.quiet && flags.format === undefined) for (const { ID } of rows) cli.print(ID);
    else
      printRows(cli, rows, {
        heads,
        columns: ['ID', 'Name', 'Driver', 'Scope'],
        format: flags.format ?? cli.config().networksFormat,
      });
  },
});
