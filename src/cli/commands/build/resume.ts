// wharf build resume
import { defineCommand } from '#cli/grammar/command.ts';
import { invalid, unsupported } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[BUILD]',
  flags: {},
  args: [0, 1],
  examples: ['wharf build resume', 'wharf build resume app:latest'],
  async run({ cli, args: [build] }) {
    const { builds } = await cli.client();
    const page = await builds.page(build);
    if (page.status === 'done' || page.status === 'running')
      throw invalid(`the build of ${page.subject} ${page.status === 'done' ? 'did not fail' : 'goes on'}`, {
        hint: '`wharf build ls` lists builds; name one that failed.',
      });
    const { call } = page;
    if (call === undefined)
      throw unsupported(
        `the build of ${page.subject} was not started by wharf build, or took its files from stdin`,
        {
          hint: 'Build again as before: the steps that it did are in the cache.',
        },
      );
    const { command: again } = await import('#cli/commands/image/build.ts');
    cli.warn(`wharf build ${call.args.join(' ')}`);
    process.chdir(call.cwd);
    return await again.execute(cli, 'wharf build', [`--resume=${page.id}`, ...call.args]);
  },
});
