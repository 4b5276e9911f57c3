// wharf trash ls, trash empty
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { confirm } from '#cli/terminal/confirm.ts';
import { printRows } from '#cli/terminal/table.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = { Id: 'ID', Kind: 'KIND', Name: 'NAME', RemovedAt: 'REMOVED', Size: 'SIZE', Group: 'COMMAND' };

const sizeText = (bytes: number): string => (bytes < 0 ? '' : formatBytesDecimal(bytes));

export const list = defineCommand({
  usage: '[flags]',
  flags: {
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    quiet: toggle('Only ids', 'q'),
  },
  args: [0, 0],
  examples: ['wharf trash ls'],
  async run({ cli, flags }) {
    const { trash } = await cli.client();
    const found = await trash.list();
    if (flags.quiet) {
      for (const { Id } of found) cli.print(Id);
      return;
    }
    const rows = found.map((row) => ({
      ...row,
      RemovedAt: row.RemovedAt.slice(0, 19).replace('T', ' '),
      Size: sizeText(row.Size),
    }));
    printRows(cli, rows, {
      heads,
      columns: ['Id', 'Kind', 'Name', 'RemovedAt', 'Size'],
      format: flags.format,
    });
  },
});

export const empty = defineCommand({
  usage: '[flags] [ID|NAME...]',
  flags: { force: toggle('Do not ask', 'f') },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf trash empty', 'wharf trash empty -f web'],
  async run({ cli, flags, args }) {
    const which = args.length === 0 ? 'everything in the trash' : `${args.join(', ')} in the trash`;
    const question = `WARNING! This will remove ${which} for good.\nAre you sure you want to continue?`;
    if (!flags.force && !(await confirm(cli, question))) return;
    const { trash } = await cli.client();
    for (const { Kind, Name } of await trash.empty(args)) cli.print(`${Kind} ${Name} is gone`);
  },
});
