// wharf build diff
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { parseStepRange } from '#shared/notation/build-step.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const marks = { added: 'A', changed: 'C', deleted: 'D' } as const;

export const command = defineCommand({
  usage: '[flags] [BUILD]@STEP[..@STEP]',
  flags: { json: toggle('Print it as JSON') },
  args: [1, 1],
  examples: ['wharf build diff @7', 'wharf build diff @3..@7', 'wharf build diff app:1@7..app:2@7'],
  async run({ cli, flags, args: [range = ''] }) {
    const { from, to } = parseStepRange(range);
    const { builds } = await cli.client();
    const found = await builds.diff(to, from);
    if (flags.json) {
      cli.print(JSON.stringify(found, null, 2));
      return;
    }
    for (const { kind, path, sizeBytes } of found) {
      const size = sizeBytes > 0 ? `  ${formatBytesDecimal(sizeBytes)}` : '';
      cli.print(`${marks[kind]} ${path}${size}`);
    }
  },
});
