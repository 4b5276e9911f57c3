// The question before a prune: what would go, by name and size, then whether it may.
import type { Cli } from '#cli/context.ts';
import { confirm } from '#cli/terminal/confirm.ts';
import { printRows } from '#cli/terminal/table.ts';
import { isKind } from '#shared/errors.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';
import { type PlannedThing, type PruneWishes, planPrune } from './prune-plan.ts';

export interface PruneQuestion {
  /** Docker's sentence: `WARNING! This will remove all stopped containers.` */
  warning: string;
  wishes: PruneWishes;
}

// Steps of builds have no names that anybody knows: many are told as one line.
const mostSteps = 20;

/**
 * True where the user agrees. In a terminal, and where the engine is Wharf's own, they see the plan first; elsewhere
 * the question is Docker's alone.
 */
export async function confirmPrune(cli: Cli, { warning, wishes }: PruneQuestion): Promise<boolean> {
  if (cli.stdin.isTTY && (await (await cli.client()).system.isWharf())) await showPlan(cli, wishes);
  return await confirm(cli, `${warning}\nAre you sure you want to continue?`);
}

async function showPlan(cli: Cli, wishes: PruneWishes): Promise<void> {
  try {
    const plan = await planOf(cli, wishes);
    if (plan.length === 0) return cli.print('Nothing would go.\n');
    printPlan(cli, withFewSteps(plan));
    cli.print(`\nWould reclaim: ${formatBytesDecimal(sumOf(plan))}\n`);
  } catch (thrown) {
    // A filter that only the engine knows, or nobody: it says so itself.
    if (!isKind(thrown, 'invalid')) throw thrown;
  }
}

/** What would go now. Throws `invalid` for a filter that cannot be planned with. */
export async function planOf(cli: Cli, wishes: PruneWishes): Promise<PlannedThing[]> {
  const { system, networks } = await cli.client();
  const types = [
    ...(wishes.containers || wishes.networks || wishes.volumes || wishes.images ? ['container'] : []),
    ...(wishes.images === undefined ? [] : ['image']),
    ...(wishes.volumes === undefined ? [] : ['volume']),
    ...(wishes.cache === undefined ? [] : ['build-cache']),
  ];
  const usage = await system.diskUsage(types);
  return planPrune(usage, wishes.networks === true ? await networks.list() : [], wishes);
}

export function printPlan(cli: Cli, plan: readonly PlannedThing[]): void {
  const heads = { Kind: 'KIND', Name: 'NAME', Size: 'SIZE' };
  const rows = plan.map(({ kind, name, sizeBytes }) => ({
    Kind: kind,
    Name: name,
    Size: formatBytesDecimal(sizeBytes),
  }));
  printRows(cli, rows, { heads, columns: ['Kind', 'Name', 'Size'] });
}

export function sumOf(plan: readonly PlannedThing[]): number {
  return plan.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function withFewSteps(plan: readonly PlannedThing[]): PlannedThing[] {
  const steps = plan.filter(({ kind }) => kind === 'build cache');
  if (steps.length <= mostSteps) return [...plan];
  const others = plan.filter(({ kind }) => kind !== 'build cache');
  return [...others, { kind: 'build cache', name: `${steps.length} steps`, sizeBytes: sumOf(steps) }];
}
