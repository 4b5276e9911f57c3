// wharf image prune
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { confirm } from '#cli/terminal/confirm.ts';
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
    if (
      !flags.force &&
      !(await confirm(cli, `WARNING! This will remove ${which}.\nAre you sure you want to continue?`))
    )
      return;
    const { images } = await cli.client();
    const { ImagesDeleted, SpaceReclaimed } = await images.prune(
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
