// wharf image prune
import { confirmPrune } from '#cli/commands/system/ask-prune.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    all: toggle('Every image without a container, not only those without a name', 'a'),
    filter: many('Only these (until=24h, label=key)', 'KEY=VALUE'),
    force: toggle('Do not ask', 'f'),
  },
  args: [0, 0],
  examples: ['wharf image prune', 'wharf image prune -af'],
  async run({ cli, flags }) {
    const which = flags.all
      ? 'all images without at least one container associated to them'
      : 'all dangling images';
    const images = flags.all ? 'unused' : 'dangling';
    const question = {
      warning: `WARNING! This will remove ${which}.`,
      wishes: { images, filter: flags.filter },
    } as const;
    if (!flags.force && !(await confirmPrune(cli, question))) return;
    const client = await cli.client();
    const { ImagesDeleted, SpaceReclaimed } = await client.images.prune(
      filtersOf(flags.filter, { dangling: [flags.all ? 'false' : 'true'] }),
    );
    if (ImagesDeleted?.length) {
      cli.print('Deleted Images:');
      for (const { Untagged, Deleted } of ImagesDeleted)
        cli.print(Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`);
      cli.print('');
    }
    cli.print(`Total reclaimed space: ${formatBytesDecimal(SpaceReclaimed)}`);
  },
});
