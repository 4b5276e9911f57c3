// wharf pause
import { defineCommand } from '#cli/grammar/command.ts';
import { forEachName } from '#cli/terminal/each.ts';

export const command = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  flags: {},
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf pause web'],
  async run({ cli, args }) {
    const { containers } = await cli.client();
    return forEachName(cli, args, async (name) => void (await containers.pause(name)));
  },
});
