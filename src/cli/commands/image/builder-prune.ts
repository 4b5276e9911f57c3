// wharf builder prune
import { confirmPrune } from '#cli/commands/system/ask-prune.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { formatBytesDecimal, parseBytes } from '#shared/notation/size.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    all: toggle('What images still use too', 'a'),
    filter: many('Only these (until=24h)', 'KEY=VALUE'),
    force: toggle('Do not ask', 'f'),
    'keep-storage': text('Leave this much', 'SIZE'),
  },
  args: [0, 0],
  examples: ['wharf builder prune -f'],
  async run({ cli, flags }) {
    const which = flags.all ? 'all build cache' : 'all dangling build cache';
    const keepBytes = flags['keep-storage'] === undefined ? undefined : parseBytes(flags['keep-storage']);
    const question = {
      warning: `WARNING! This will remove ${which}.`,
      wishes: {
        cache: flags.all ? 'all' : 'unshared',
        keepCacheBytes: keepBytes,
        filter: flags.filter,
      },
    } as const;
    if (!flags.force && !(await confirmPrune(cli, question))) return;
    const { images } = await cli.client();
    const { CachesDeleted, SpaceReclaimed } = await images.pruneBuildCache({
      all: flags.all,
      filters: filtersOf(flags.filter),
      'keep-storage': keepBytes,
    });
    if (CachesDeleted?.length) cli.print(`Deleted build cache objects:\n${CachesDeleted.join('\n')}\n`);
    cli.print(`Total reclaimed space: ${formatBytesDecimal(SpaceReclaimed)}`);
  },
});
