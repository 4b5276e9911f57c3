// wharf diff
import { defineCommand } from '#cli/grammar/command.ts';

const letters = ['C', 'A', 'D'];

export const command = defineCommand({
  usage: 'CONTAINER',
  flags: {},
  args: [1, 1],
  examples: ['wharf diff web'],
  async run({ cli, args: [name = ''] }) {
    const { containers } = await cli.client();
    for (const { Kind, Path } of await containers.changes(name)) cli.print(`${letters[Kind]} ${Path}`);
  },
});
