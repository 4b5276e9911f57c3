// wharf volume clone
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: 'VOLUME NEW-NAME',
  flags: {},
  args: [2, 2],
  examples: ['wharf volume clone data data-before-upgrade'],
  async run({ cli, args: [name = '', newName = ''] }) {
    const { volumes, containers } = await cli.client();
    const writers = await containers.list({
      filters: JSON.stringify({ volume: [name], status: ['running'] }),
    });
    if (writers.length > 0) {
      const names = writers.map(({ Names: [first = ''] }) => first.replace(/^\//, '')).join(', ');
      cli.stderr.write(
        `WARNING: ${name} is in use by ${names}: files that change meanwhile may be copied half.\n`,
      );
    }
    cli.print((await volumes.clone(name, newName)).Name);
  },
});
