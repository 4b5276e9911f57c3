// wharf volume rename
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: 'VOLUME NEW-NAME',
  flags: {},
  args: [2, 2],
  examples: ['wharf volume rename data old-data'],
  async run({ cli, args: [name = '', newName = ''] }) {
    const { volumes } = await cli.client();
    cli.print((await volumes.rename(name, newName)).Name);
  },
});
