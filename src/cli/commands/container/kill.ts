// wharf kill
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { forEachName } from '#cli/terminal/each.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER [CONTAINER...]',
  flags: { signal: text('Signal to send (SIGKILL)', 'SIGNAL', { short: 's' }) },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf kill web', 'wharf kill -s HUP web'],
  async run({ cli, flags, args }) {
    const { containers } = await cli.client();
    return forEachName(cli, args, async (name) => void (await containers.kill(name, flags.signal ?? 'KILL')));
  },
});
