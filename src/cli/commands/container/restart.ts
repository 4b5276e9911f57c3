// wharf restart
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { parseSignal } from '#shared/notation/signal.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER [CONTAINER...]',
  flags: {
    signal: text('Signal to send instead of its stop signal', 'SIGNAL', { short: 's' }),
    timeout: text('Seconds until it is killed and started again, -1 to wait as long as it takes', 'SECONDS', {
      short: 't',
      also: ['time'],
    }),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf restart web', 'wharf restart -t 30 db'],
  async run({ cli, flags, args }) {
    if (flags.signal !== undefined) parseSignal(flags.signal);
    const { containers } = await cli.client();
    const query = {
      ...(flags.timeout === undefined ? {} : { t: flags.timeout }),
      ...(flags.signal === undefined ? {} : { signal: flags.signal }),
    };
    return forEachName(cli, args, async (name) => void (await containers.restart(name, query)));
  },
});
