// wharf volume rm
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { nowFlag, trashGroup } from '#cli/terminal/trash.ts';

export const command = defineCommand({
  usage: '[flags] VOLUME [VOLUME...]',
  flags: { force: toggle('One that is not there is no error', 'f'), ...nowFlag },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf volume rm data'],
  async run({ cli, flags, args }) {
    const { volumes } = await cli.client();
    const query = { force: flags.force, trash: trashGroup(flags.now) };
    return forEachName(cli, args, async (name) => void (await volumes.remove(name, query)));
  },
});
