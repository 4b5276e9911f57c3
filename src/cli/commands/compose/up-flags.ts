// What `up`, `create` and `plan` have in common: the flags of the plan, and the project made ready for it.
import { numberOf } from '#cli/commands/compose/globals.ts';
import type { Interrupts } from '#cli/commands/compose/interrupts.ts';
import { ExitError } from '#cli/failure.ts';
import { type FlagTable, type FlagValues, many, text, toggle } from '#cli/grammar/flags.ts';
import type { UpOptions } from '#compose/execute/up.ts';
import type { Project } from '#compose/model.ts';
import { cancelled, invalid } from '#shared/errors.ts';

export const planFlags = {
  'always-recreate-deps': toggle('Replace what the services need, too'),
  build: toggle('Build images before containers are started'),
  'force-recreate': toggle('Replace containers that are as they should be'),
  'no-build': toggle('Do not build, even where the image is missing'),
  'no-deps': toggle('Leave out what the services need'),
  'no-recreate': toggle('Leave containers that are not as they should be'),
  'no-start': toggle('Do not start what is made'),
  pull: text('When to pull: always, missing, never or policy', 'WHEN'),
  quiet: toggle('Do not show what is done', undefined),
  'quiet-build': toggle('Do not show the output of builds'),
  'quiet-pull': toggle('Do not show the progress of pulls'),
  'no-ready': toggle('Start what depends on a service when that runs, whether it answers or not'),
  'remove-orphans': toggle('Remove containers of services that the file no longer has'),
  'renew-anon-volumes': toggle('New anonymous volumes instead of those of the containers before', 'V'),
  scale: many('How many containers a service has', 'SERVICE=N'),
  timeout: text('Grace time of a stop before SIGKILL', 'SECONDS', { short: 't' }),
  yes: toggle('', 'y', { hidden: true }),
} satisfies FlagTable;

export type PlanValues = FlagValues<typeof planFlags>;

/** Throws `invalid` for flags that contradict each other. */
export function planOptions(flags: PlanValues, services: readonly string[]): UpOptions {
  if (flags['force-recreate'] && flags['no-recreate'])
    throw invalid('--force-recreate and --no-recreate are incompatible');
  if (flags['always-recreate-deps'] && flags['no-recreate'])
    throw invalid('--always-recreate-deps and --no-recreate are incompatible');
  if (flags.build && flags['no-build']) throw invalid('--build and --no-build are incompatible');
  const timeoutSeconds = numberOf(flags.timeout, 'timeout');
  return {
    services,
    noDependencies: flags['no-deps'],
    recreate: flags['force-recreate'] ? 'always' : flags['no-recreate'] ? 'never' : 'diverged',
    recreateDependencies: flags['always-recreate-deps'],
    removeOrphans: flags['remove-orphans'],
    renewAnonymousVolumes: flags['renew-anon-volumes'],
    build: flags.build ? 'always' : flags['no-build'] ? 'never' : 'missing',
    start: !flags['no-start'],
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

/** Writes `--scale` and `--pull` into the project. Throws `invalid`. */
export function prepare(project: Project, flags: Pick<PlanValues, 'scale' | 'pull'>): void {
  for (const text of flags.scale) {
    const [, name = '', count = ''] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
    if (name === '') throw invalid(`invalid --scale option "${text}". Should be SERVICE=NUM`);
    const service = project.services[name];
    if (service === undefined) throw invalid(`no such service: ${name}`);
    service.scale = Number(count);
  }
  const { pull } = flags;
  if (pull === undefined || pull === 'policy') return;
  if (!['always', 'missing', 'never'].includes(pull)) throw invalid(`invalid --pull option "${pull}"`);
  for (const service of Object.values(project.services)) {
    if (service.build === undefined || service.image !== undefined) service.pull_policy = pull;
  }
}

/** What is said after an interrupt: no step was cut in two, and what to do. */
export function interrupted(project: string, { second }: Pick<Interrupts, 'second'>): ExitError {
  const then = `up again goes on from there, "wharf compose -p ${project} down" takes it away`;
  const hint = second.aborted
    ? `steps that had begun were not waited for; ${then}`
    : `each step that had begun was finished; ${then}`;
  return new ExitError(130, cancelled('canceled', { hint }));
}
