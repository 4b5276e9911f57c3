// wharf rm
import { printError } from '#cli/failure.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { nowFlag, trashGroup } from '#cli/terminal/trash.ts';
import { isKind } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER [CONTAINER...]',
  flags: {
    force: toggle('Kill it first where it runs', 'f'),
    link: toggle('Remove a link, not the container', 'l'),
    ...nowFlag,
    volumes: toggle('Remove its anonymous volumes too', 'v'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf rm web', 'wharf rm -f $(wharf ps -aq)'],
  async run({ cli, flags, args }) {
    const { containers } = await cli.client();
    const query = { force: flags.force, v: flags.volumes, link: flags.link, trash: trashGroup(flags.now) };
    return forEachName(cli, args, async (name) => {
      try {
        await containers.remove(name.replace(/^\//, ''), query);
        return undefined;
      } catch (thrown) {
        // What shall be gone and is not there is no failure.
        if (!flags.force || !isKind(thrown, 'not-found')) throw thrown;
        printError(thrown);
        return null;
      }
    });
  },
});
