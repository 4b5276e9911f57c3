// wharf compose scale
import { defineCompose } from '#cli/commands/compose/globals.ts';
import { openProject, openSession } from '#cli/commands/compose/project.ts';
import { prepare } from '#cli/commands/compose/up-flags.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { up } from '#compose/execute/up.ts';

export const command = defineCompose({
  usage: '[flags] SERVICE=N...',
  flags: { 'no-deps': toggle('Leave out what the services need') },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf compose scale worker=3', 'wharf compose scale --no-deps web=2 worker=1'],
  async run({ cli, flags, args }) {
    const services = args.map((each) => each.split('=')[0] ?? '');
    const project = await openProject(cli, { services });
    prepare(project, { scale: args, pull: undefined });
    using session = await openSession(cli, project);
    await up(session, { services, noDependencies: flags['no-deps'], recreate: 'never' });
  },
});
