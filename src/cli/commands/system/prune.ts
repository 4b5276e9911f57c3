// wharf system prune
import { confirmPrune, planOf, printPlan, sumOf } from '#cli/commands/system/ask-prune.ts';
import type { PruneWishes } from '#cli/commands/system/prune-plan.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { filtersOf } from '#cli/terminal/words.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    all: toggle('Every image without a container, not only those without a name', 'a'),
    'dry-run': toggle('Show what would go, and remove nothing'),
    filter: many('Only these (until=24h, label=key)', 'KEY=VALUE'),
    force: toggle('Do not ask', 'f'),
    volumes: toggle('Anonymous volumes too'),
  },
  args: [0, 0],
  examples: ['wharf system prune', 'wharf system prune --dry-run -a', 'wharf system prune -af --volumes'],
  async run({ cli, flags }) {
    const wishes = wishesOf(flags);
    if (flags['dry-run']) {
      const plan = await planOf(cli, wishes);
      printPlan(cli, plan);
      cli.print(`\nWould reclaim: ${formatBytesDecimal(sumOf(plan))}`);
      return;
    }
    if (!flags.force && !(await confirmPrune(cli, { warning: warningOf(wishes), wishes }))) return;
    const { containers, networks, volumes, images } = await cli.client();
    const filters = filtersOf(flags.filter);
    let reclaimed = 0;
    const report = (title: string, names: readonly string[] | null | undefined) => {
      if (names?.length) cli.print(`${title}\n${names.join('\n')}\n`);
    };
    const gone = await containers.prune(filters);
    report('Deleted Containers:', gone.ContainersDeleted);
    reclaimed += gone.SpaceReclaimed;
    report('Deleted Networks:', (await networks.prune(filters)).NetworksDeleted);
    if (flags.volumes) {
      const { VolumesDeleted, SpaceReclaimed } = await volumes.prune(filters);
      report('Deleted Volumes:', VolumesDeleted);
      reclaimed += SpaceReclaimed;
    }
    const removed = await images.prune(filtersOf(flags.filter, { dangling: [flags.all ? 'false' : 'true'] }));
    report(
      'Deleted Images:',
      removed.ImagesDeleted?.map(({ Untagged, Deleted }) =>
        Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`,
      ),
    );
    reclaimed += removed.SpaceReclaimed;
    if (wishes.cache !== undefined) {
      const cache = await images.pruneBuildCache({ all: flags.all, filters });
      report('Deleted build cache objects:', cache.CachesDeleted);
      reclaimed += cache.SpaceReclaimed;
    }
    cli.print(`Total reclaimed space: ${formatBytesDecimal(reclaimed)}`);
  },
});

function warningOf({ volumes, images, cache }: PruneWishes): string {
  const things = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes === undefined ? [] : ['all anonymous volumes not used by at least one container']),
    images === 'unused'
      ? 'all images without at least one container associated to them'
      : 'all dangling images',
    ...(cache === undefined ? [] : [cache === 'all' ? 'all build cache' : 'unused build cache']),
  ];
  return `WARNING! This will remove:\n${things.map((thing) => `  - ${thing}\n`).join('')}`;
}

function wishesOf(flags: { all: boolean; volumes: boolean; filter: readonly string[] }): PruneWishes {
  // Steps of builds have no labels: who asks for labels does not mean them.
  const isOfLabels = flags.filter.some((text) => /^\s*label/i.test(text));
  return {
    containers: true,
    networks: true,
    ...(flags.volumes ? { volumes: 'anonymous' } : {}),
    images: flags.all ? 'unused' : 'dangling',
    ...(isOfLabels ? {} : { cache: flags.all ? 'all' : 'unshared' }),
    filter: flags.filter,
  };
}
