// wharf network prune
import { confirmPrune } from '#cli/commands/system/ask-prune.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { filtersOf } from '#cli/terminal/words.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    filter: many('Only these (until=24h, label=key)', 'KEY=VALUE'),
    force: toggle('Do not ask', 'f'),
  },
  args: [0, 0],
  examples: ['wharf network prune -f'],
  async run({ cli, flags }) {
    const question = {
      warning: 'WARNING! This will remove all custom networks not used by at least one container.',
      wishes: { networks: true, filter: flags.filter },
    };
    if (!flags.force && !(await confirmPrune(cli, question))) return;
    const { networks } = await cli.client();
    const { NetworksDeleted } = await networks.prune(filtersOf(flags.filter));
    if (NetworksDeleted?.length) cli.print(`Deleted Networks:\n${NetworksDeleted.join('\n')}\n`);
  },
});
