// wharf image inspect
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { printInspected } from '#cli/terminal/inspected.ts';
import { platformJson } from '#cli/terminal/words.ts';

export const command = defineCommand({
  usage: '[flags] IMAGE [IMAGE...]',
  flags: {
    format: text('json or a template', 'FORMAT', { short: 'f' }),
    platform: text('Only this platform of it', 'OS/ARCH'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ["wharf image inspect -f '{{json .Config.Env}}' app"],
  async run({ cli, flags, args }) {
    const platform = platformJson(flags.platform);
    const { images } = await cli.client();
    return printInspected(cli, args, {
      format: flags.format,
      find: (name) => images.inspect(name, platform),
    });
  },
});
