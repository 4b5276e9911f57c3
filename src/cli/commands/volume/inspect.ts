// wharf volume inspect
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { printInspected } from '#cli/terminal/inspected.ts';

export const command = defineCommand({
  usage: '[flags] VOLUME [VOLUME...]',
  flags: {
    format: text('json or a template', 'FORMAT', { short: 'f' }),
    size: toggle('With its size, and the containers that have it', 's'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ["wharf volume inspect -f '{{.Mountpoint}}' data"],
  async run({ cli, flags, args }) {
    const { volumes } = await cli.client();
    const find = async (name: string) => ({
      ...(await volumes.inspect(name)),
      ...(flags.size ? await volumes.usage(name) : {}),
    });
    return printInspected(cli, args, { format: flags.format, find });
  },
});
