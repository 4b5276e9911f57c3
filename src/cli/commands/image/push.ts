// wharf push
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { registryAuthFor } from '#cli/terminal/credentials.ts';
import { showProgress } from '#cli/terminal/progress.ts';
import { platformJson } from '#cli/terminal/words.ts';
import { familiarRepository, formatReference, parseReference, repositoryOf } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: '[flags] NAME[:TAG]',
  flags: {
    'all-tags': toggle('Every tag of the repository', 'a'),
    'disable-content-trust': toggle('', undefined, { hidden: true, on: true }),
    platform: text('Only the manifest of this platform', 'OS/ARCH'),
    quiet: toggle('Print the name only', 'q'),
  },
  args: [1, 1],
  examples: ['wharf push localhost:5000/app:1.0'],
  async run({ cli, flags, args: [name = ''] }) {
    const reference = parseReference(name);
    const { images } = await cli.client();
    if (!flags.quiet) cli.print(`The push refers to repository [${repositoryOf(reference)}]`);
    const tag = flags['all-tags'] ? undefined : reference.tag;
    const lines = await images.push(
      familiarRepository(reference),
      { tag, platform: platformJson(flags.platform) },
      registryAuthFor(cli.env, reference.registry),
    );
    // The engine tells the repository too.
    await showProgress(cli.stdout, withoutFirst(lines), { quiet: flags.quiet });
    if (flags.quiet) cli.print(formatReference(reference));
  },
});

async function* withoutFirst<T extends { status?: string }>(lines: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const line of lines) if (!line.status?.startsWith('The push refers to repository')) yield line;
}
