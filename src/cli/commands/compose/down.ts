// wharf compose down, and plan.
import { defineCompose, isDry, numberOf } from '#cli/commands/compose/globals.ts';
import { catchInterrupts, untilInsisted } from '#cli/commands/compose/interrupts.ts';
import { openKnownProject, openProject, openSession, warn } from '#cli/commands/compose/project.ts';
import { interrupted, planFlags, planOptions, prepare } from '#cli/commands/compose/up-flags.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { down as takeDown, up } from '#compose/execute/up.ts';
import { formatPlan } from '#compose/plan/steps.ts';
import { invalid } from '#shared/errors.ts';

export const down = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    'dry-run': toggle('Only show what would be done'),
    'remove-orphans': toggle('Remove containers of services that the file no longer has'),
    rmi: text('Remove images too: all, or local ones that have no name in the file', 'WHICH'),
    timeout: text('Grace time of a stop before SIGKILL', 'SECONDS', { short: 't' }),
    volumes: toggle('Remove the volumes too, with their data', 'v'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose down', 'wharf compose down -v --rmi local'],
  async run({ cli, flags, args }) {
    const { rmi } = flags;
    if (rmi !== undefined && rmi !== 'all' && rmi !== 'local')
      throw invalid(`invalid value for --rmi: "${rmi}"`);
    const project = await openKnownProject(cli, { services: args });
    using interrupts = catchInterrupts();
    using session = await openSession(cli, project, { signal: interrupts.first });
    try {
      const taken = takeDown(session, {
        services: args,
        volumes: flags.volumes,
        removeOrphans: flags['remove-orphans'],
        timeoutSeconds: numberOf(flags.timeout, 'timeout'),
        ...(rmi === undefined ? {} : { images: rmi }),
      });
      const plan = await untilInsisted(cli, interrupts, taken);
      if (isDry(cli)) cli.print(formatPlan(plan));
      else if (plan.steps.length === 0) warn(cli, 'No resource found to remove');
    } catch (thrown) {
      if (interrupts.first.aborted) throw interrupted(project.name, interrupts);
      throw thrown;
    }
  },
});

export const plan = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: { ...planFlags, json: toggle('As JSON, with every step') },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose plan', 'wharf compose plan --json web'],
  async run({ cli, flags, args }) {
    const project = await openProject(cli, { services: args });
    prepare(project, flags);
    using session = await openSession(cli, project, { silent: true });
    const { warn: _, ...quiet } = session;
    const planned = await up(quiet, { ...planOptions(flags, args), dryRun: true });
    cli.print(flags.json ? JSON.stringify(planned, null, 2) : formatPlan(planned));
  },
});
