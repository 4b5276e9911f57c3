// wharf volume prune
import { confirmPrune } from '#cli/commands/system/ask-prune.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    all: toggle('Named volumes too', 'a'),
    filter: many('Only these (label=key)', 'KEY=VALUE'),
    force: toggle('Do not ask', 'f'),
  },
  args: [0, 0],
  examples: ['wharf volume prune -f'],
  async run({ cli, flags }) {
    const which = flags.all ? 'all local volumes' : 'anonymous local volumes';
    const question = {
      warning: `WARNING! This will remove ${which} not used by at least one container.`,
      wishes: { volumes: flags.all ? 'all' : 'anonymous', filter: flags.filter },
    } as const;
    if (!flags.force && !(await confirmPrune(cli, question))) return;
    const { volumes } = await cli.client();
    const { VolumesDeleted, SpaceReclaimed } = await volumes.prune(
      filtersOf(flags.filter, flags.all ? { all: ['true'] } : {}),
    );
    if (VolumesDeleted?.length) cli.print(`Deleted Volumes:\n${VolumesDeleted.join('\n')}\n`);
    cli.print(`Total reclaimed space: ${formatBytesDecimal(SpaceReclaimed)}`);
  },
});
