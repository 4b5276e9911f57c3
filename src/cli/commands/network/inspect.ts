// wharf network inspect
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { printInspected } from '#cli/terminal/inspected.ts';

export const command = defineCommand({
  usage: '[flags] NETWORK [NETWORK...]',
  flags: {
    format: text('json or a template', 'FORMAT', { short: 'f' }),
    verbose: toggle('Show more', 'v'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ["wharf network inspect -f '{{json .Containers}}' back"],
  async run({ cli, flags, args }) {
    const { networks } = await cli.client();
    return printInspected(cli, args, {
      format: flags.format,
      find: (name) => networks.inspect(name, { verbose: flags.verbose }),
    });
  },
});
