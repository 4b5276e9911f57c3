// wharf network rm
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { isKind } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] NETWORK [NETWORK...]',
  flags: { force: toggle('One that is not there is no error', 'f') },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf network rm back'],
  async run({ cli, flags, args }) {
    const { networks } = await cli.client();
    return forEachName(cli, args, async (name) => {
      try {
        await networks.remove(name);
      } catch (thrown) {
        if (!flags.force || !isKind(thrown, 'not-found')) throw thrown;
      }
    });
  },
});
