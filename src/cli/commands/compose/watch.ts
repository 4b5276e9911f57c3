// wharf compose watch
import { defineCompose, isDry } from '#cli/commands/compose/globals.ts';
import { catchInterrupts } from '#cli/commands/compose/interrupts.ts';
import { openProject, openSession } from '#cli/commands/compose/project.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { up } from '#compose/execute/up.ts';
import { watchProject } from '#compose/watch/watch.ts';

export const command = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    'no-up': toggle('Do not build and start services first'),
    prune: toggle('', undefined, { hidden: true }),
    quiet: toggle('Do not show the output of builds'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose watch', 'wharf compose watch --no-up web'],
  async run({ cli, flags, args }) {
    const project = await openProject(cli, { services: args });
    using interrupts = catchInterrupts();
    const signal = interrupts.first;
    using session = await openSession(cli, project, { signal, quiet: flags.quiet });
    if (!flags['no-up']) await up(session, { services: args });
    if (isDry(cli)) return 0;
    await watchProject(session, { services: args, signal, say: (line) => cli.warn(line) });
    return 0;
  },
});
