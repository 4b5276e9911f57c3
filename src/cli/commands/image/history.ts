// wharf history
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, printRows } from '#cli/terminal/table.ts';
import { ago, platformJson, shownId } from '#cli/terminal/words.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};

export const command = defineCommand({
  usage: '[flags] IMAGE',
  flags: {
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    human: toggle('Show sizes and times for people', 'H', { on: true }),
    'no-trunc': toggle('Do not shorten anything'),
    platform: text('Only this platform of it', 'OS/ARCH'),
    quiet: toggle('Show ids only', 'q'),
  },
  args: [1, 1],
  examples: ['wharf history app', 'wharf history --no-trunc app'],
  async run({ cli, flags, args: [name = ''] }) {
    const whole = flags['no-trunc'];
    const { images } = await cli.client();
    const rows = (await images.history(name, platformJson(flags.platform))).map((entry) => {
      const by = entry.CreatedBy.replaceAll('\t', ' ');
      const at = new Date(entry.Created * 1000).toISOString().replace('.000Z', 'Z');
      return {
        Comment: entry.Comment,
        CreatedAt: at,
        CreatedBy: whole ? by : ellipsis(by, 45),
        CreatedSince: flags.human ? ago(entry.Created) : at,
        ID: entry.Id === '<missing>' ? entry.Id : shownId(entry.Id, whole),
        Size: flags.human ? formatBytesDecimal(entry.Size) : String(entry.Size),
      };
    });
    if (flags.quiet && flags.format === undefined) {
      for (const { ID } of rows) cli.print(ID);
      return;
    }
    printRows(cli, rows, {
      heads: flags.human ? heads : { ...heads, CreatedSince: heads.CreatedAt },
      columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
      format: flags.format,
    });
  },
});
