// wharf pull
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { pullImage } from '#cli/terminal/pull.ts';
import { invalid } from '#shared/errors.ts';
import { parsePlatform } from '#shared/oci/platform.ts';
import { formatReference, parseReference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: '[flags] NAME[:TAG|@DIGEST]',
  flags: {
    'all-platforms': toggle('Keep every platform of the image, to push it on'),
    'all-tags': toggle('Every tag of the repository', 'a'),
    'disable-content-trust': toggle('', undefined, { hidden: true, on: true }),
    platform: text('Platform of the image', 'OS/ARCH'),
    quiet: toggle('Print the name only', 'q'),
  },
  args: [1, 1],
  examples: ['wharf pull python:3.11-slim', 'wharf pull --platform linux/arm64 debian'],
  async run({ cli, flags, args: [name = ''] }) {
    const reference = parseReference(name);
    if (flags.platform !== undefined) parsePlatform(flags.platform);
    const isTagged = reference.digest !== undefined || /:[^/]*$/.test(name);
    if (flags['all-tags'] && isTagged) throw invalid('tag can’t be used with --all-tags/-a');
    if (flags['all-platforms'] && flags.platform !== undefined)
      throw invalid('conflicting options: --platform and --all-platforms');
    if (!flags.quiet && !isTagged && !flags['all-tags']) cli.print('Using default tag: latest');
    await pullImage(cli, name, {
      platform: flags.platform,
      quiet: flags.quiet,
      output: cli.stdout,
      allTags: flags['all-tags'],
      allPlatforms: flags['all-platforms'],
    });
    cli.print(formatReference(reference));
  },
});
