// wharf compose up
import { defineCompose, isDry, numberOf } from '#cli/commands/compose/globals.ts';
import { catchInterrupts, untilInsisted } from '#cli/commands/compose/interrupts.ts';
import { openProject, openSession } from '#cli/commands/compose/project.ts';
import { interrupted, planFlags, planOptions, prepare } from '#cli/commands/compose/up-flags.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { up } from '#compose/execute/up.ts';
import { formatPlan } from '#compose/plan/steps.ts';
import { invalid, messageOf } from '#shared/errors.ts';

export const command = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    ...planFlags,
    'abort-on-container-exit': toggle('Stop all once any container ends'),
    'abort-on-container-failure': toggle('Stop all once any container ends with a failure'),
    attach: many('Show the output of this service only', 'SERVICE'),
    'attach-dependencies': toggle('Show the output of what the services need, too'),
    detach: toggle('Leave the containers running in the background', 'd'),
    'dry-run': toggle('Only show what would be done'),
    'exit-code-from': text('End with the exit code of this service', 'SERVICE'),
    menu: toggle('', undefined, { hidden: true }),
    'no-attach': many('Do not show the output of this service', 'SERVICE'),
    'no-color': toggle('No colours'),
    'no-log-prefix': toggle('Do not begin lines with the name of their container'),
    timestamps: toggle('Show when each line was written'),
    wait: toggle('Wait until all are healthy, or answer where they have no health check; then as -d'),
    'wait-timeout': text('Wait at most this long', 'SECONDS'),
    watch: toggle('Bring changes of files into the services, as develop.watch says', 'w'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: [
    'wharf compose up',
    'wharf compose up -d --wait',
    'wharf compose up -d --build --scale worker=3',
  ],
  async run({ cli, flags, args }) {
    const abortsOnExit = flags['abort-on-container-exit'] || flags['exit-code-from'] !== undefined;
    const aborts = abortsOnExit ? 'any' : flags['abort-on-container-failure'] ? 'failure' : undefined;
    if (flags.watch && (flags.detach || flags.wait))
      throw invalid('--watch needs the foreground: leave out --detach and --wait');
    if (flags.detach && aborts !== undefined)
      throw invalid('--abort-on-container-exit and --detach are incompatible');
    if (flags.wait && aborts !== undefined)
      throw invalid('--wait and --abort-on-container-exit are incompatible');
    const project = await openProject(cli, { services: args });
    prepare(project, flags);
    if (flags['exit-code-from'] !== undefined && project.services[flags['exit-code-from']] === undefined)
      throw invalid(`no such service: ${flags['exit-code-from']}`);
    const options = { ...planOptions(flags, args), wait: flags.wait };
    using interrupts = catchInterrupts();
    const waitMs = numberOf(flags['wait-timeout'], 'wait-timeout');
    const signals = [interrupts.first, ...(waitMs === undefined ? [] : [AbortSignal.timeout(waitMs * 1000)])];
    const signal = AbortSignal.any(signals);
    using session = await openSession(cli, project, {
      signal,
      quiet: flags['quiet-build'],
      silent: flags.quiet,
      ready: flags['no-ready'] ? 'off' : undefined,
    });
    if (isDry(cli)) {
      cli.print(formatPlan(await up(session, options)));
      return 0;
    }
    if (!flags.detach && !flags.wait && !flags['no-start']) {
      const { upAttached } = await import('#cli/commands/compose/up-attached.ts');
      return await upAttached(cli, { session, interrupts, options, aborts, flags, services: args });
    }
    try {
      await untilInsisted(cli, interrupts, up(session, options));
    } catch (thrown) {
      if (interrupts.first.aborted) throw interrupted(project.name, interrupts);
      if (signal.aborted)
        throw invalid(`application not healthy after context deadline exceeded: ${messageOf(thrown)}`, {
          cause: thrown,
        });
      throw thrown;
    }
    return 0;
  },
});
