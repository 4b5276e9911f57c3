// wharf network prune
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { confirm } from '#cli/terminal/confirm.ts';
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
    const warning =
      'WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?';
    if (!flags.force && !(await confirm(cli, warning))) return;
    const { networks } = await cli.client();
    const { NetworksDeleted } = await networks.prune(filtersOf(flags.filter));
    if (NetworksDeleted?.length) cli.print(`Deleted Networks:\n${NetworksDeleted.join('\n')}\n`);
  },
});
