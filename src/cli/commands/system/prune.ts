// wharf system prune
import { type PlannedThing, planPrune } from '#cli/commands/system/prune-plan.ts';
import type { Cli } from '#cli/context.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, toggle } from '#cli/grammar/flags.ts';
import { confirm } from '#cli/terminal/confirm.ts';
import { printRows } from '#cli/terminal/table.ts';
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
    if (flags['dry-run']) {
      const { system, networks } = await cli.client();
      printPlan(cli, planPrune(await system.diskUsage(), await networks.list(), flags));
      return;
    }
    const things = [
      'all stopped containers',
      'all networks not used by at least one container',
      ...(flags.volumes ? ['all anonymous volumes not used by at least one container'] : []),
      flags.all ? 'all images without at least one container associated to them' : 'all dangling images',
      flags.all ? 'all build cache' : 'unused build cache',
    ];
    const warning = `WARNING! This will remove:\n${things.map((thing) => `  - ${thing}\n`).join('')}\nAre you sure you want to continue?`;
    if (!flags.force && !(await confirm(cli, warning))) return;
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
    const cache = await images.pruneBuildCache({ all: flags.all });
    report('Deleted build cache objects:', cache.CachesDeleted);
    cli.print(`Total reclaimed space: ${formatBytesDecimal(reclaimed + cache.SpaceReclaimed)}`);
  },
});

function printPlan(cli: Cli, plan: readonly PlannedThing[]): void {
  const heads = { Kind: 'KIND', Name: 'NAME', Size: 'SIZE' };
  const rows = plan.map(({ kind, name, sizeBytes }) => ({
    Kind: kind,
    Name: name,
    Size: formatBytesDecimal(sizeBytes),
  }));
  printRows(cli, rows, { heads, columns: ['Kind', 'Name', 'Size'] });
  const bytes = plan.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  cli.print(`\nWould reclaim: ${formatBytesDecimal(bytes)}`);
}
