// wharf network disconnect
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';

export const command = defineCommand({
  usage: '[flags] NETWORK CONTAINER',
  flags: { force: toggle('Though the container is gone', 'f') },
  args: [2, 2],
  examples: ['wharf network disconnect back web'],
  async run({ cli, flags, args: [network = '', container = ''] }) {
    const { networks } = await cli.client();
    await networks.disconnect(network, container, flags.force);
  },
});
