// wharf container inspect
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { printInspected } from '#cli/terminal/inspected.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER [CONTAINER...]',
  flags: {
    format: text('json or a template', 'FORMAT', { short: 'f' }),
    size: toggle('Show sizes', 's'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ["wharf container inspect -f '{{json .Mounts}}' web"],
  async run({ cli, flags, args }) {
    const { containers } = await cli.client();
    return printInspected(cli, args, {
      format: flags.format,
      find: (name) => containers.inspect(name, { size: flags.size }),
    });
  },
});
