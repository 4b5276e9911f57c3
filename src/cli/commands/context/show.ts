// wharf context show
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: '',
  flags: {},
  args: [0, 0],
  examples: ['wharf context show'],
  async run({ cli }) {
    const { context = 'default' } = await cli.endpoint();
    cli.print(context);
  },
});
