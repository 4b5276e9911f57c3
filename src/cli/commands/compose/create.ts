// wharf compose create
import { defineCompose } from '#cli/commands/compose/globals.ts';
import { openProject, openSession } from '#cli/commands/compose/project.ts';
import { planFlags, planOptions, prepare } from '#cli/commands/compose/up-flags.ts';
import { up } from '#compose/execute/up.ts';

export const command = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: planFlags,
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose create', 'wharf compose create --build web'],
  async run({ cli, flags, args }) {
    const project = await openProject(cli, { services: args });
    prepare(project, flags);
    using session = await openSession(cli, project, { quiet: flags['quiet-build'], silent: flags.quiet });
    await up(session, { ...planOptions(flags, args), start: false });
  },
});
