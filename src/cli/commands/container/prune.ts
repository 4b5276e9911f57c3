// wharf container prune
import { confirmPrune } from '#cli/commands/system/ask-prune.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    filter: many('Only these (until=24h, label=key)', 'KEY=VALUE'),
    force: toggle('Do not ask', 'f'),
  },
  args: [0, 0],
  examples: ['wharf container prune -f'],
  async run({ cli, flags }) {
    const question = {
      warning: 'WARNING! This will remove all stopped containers.',
      wishes: { containers: true, filter: flags.filter },
    };
    if (!flags.force && !(await confirmPrune(cli, question))) return;
    const { containers } = await cli.client();
    const { ContainersDeleted, SpaceReclaimed } = await containers.prune(filtersOf(flags.filter));
    if (ContainersDeleted?.length) cli.print(`Deleted Containers:\n${ContainersDeleted.join('\n')}\n`);
    cli.print(`Total reclaimed space: ${formatBytesDecimal(SpaceReclaimed)}`);
  },
});
