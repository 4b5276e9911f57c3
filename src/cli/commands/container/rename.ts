// wharf rename
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: 'CONTAINER NAME',
  flags: {},
  args: [2, 2],
  examples: ['wharf rename brisk_puffin web'],
  async run({ cli, args: [container = '', name = ''] }) {
    const { containers } = await cli.client();
    await containers.rename(container, name);
  },
});
