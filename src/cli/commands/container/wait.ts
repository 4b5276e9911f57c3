// wharf wait
import { defineCommand } from '#cli/grammar/command.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { internal } from '#shared/errors.ts';

export const command = defineCommand({
  usage: 'CONTAINER [CONTAINER...]',
  flags: {},
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf wait job'],
  async run({ cli, args }) {
    const { containers } = await cli.client();
    return forEachName(cli, args, async (name) => {
      const { StatusCode, Error: failure } = await (await containers.wait(name)).exit;
      if (failure?.Message) throw internal(failure.Message);
      return String(StatusCode);
    });
  },
});
