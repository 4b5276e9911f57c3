// wharf image diff
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { printRows } from '#cli/terminal/table.ts';
import type { ImageDifference } from '#shared/contract/image.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const heads = { Kind: 'KIND', Change: 'CHANGE', What: 'WHAT', Path: 'PATH' };
const letters = { added: 'A', removed: 'D', changed: 'C' } as const;

export const command = defineCommand({
  usage: '[flags] IMAGE IMAGE',
  flags: { format: text('json, a template, or "table TEMPLATE"', 'FORMAT') },
  args: [2, 2],
  examples: ['wharf image diff app:1 app:2', "wharf image diff --format '{{.Kind}} {{.Path}}' debian app"],
  async run({ cli, flags, args: [from = '', to = ''] }) {
    const { images } = await cli.client();
    const rows = (await images.diff(from, to)).map((one) => ({
      Kind: letters[one.Kind],
      Change: changeOf(one),
      What: (one.What ?? []).join(', '),
      Path: one.Path,
    }));
    printRows(cli, rows, { heads, columns: ['Kind', 'Change', 'What', 'Path'], format: flags.format });
  },
});

/** Bytes that came or went. */
function changeOf({ SizeBefore = 0, SizeAfter = 0 }: ImageDifference): string {
  const bytes = SizeAfter - SizeBefore;
  if (bytes === 0) return '';
  return `${bytes < 0 ? '-' : '+'}${formatBytesDecimal(Math.abs(bytes))}`;
}
