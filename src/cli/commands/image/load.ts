// wharf load
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { showProgress } from '#cli/terminal/progress.ts';
import { readTar } from '#cli/terminal/tar-file.ts';
import { platformJson } from '#cli/terminal/words.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    input: text('Read from this file instead of stdin', 'FILE', { short: 'i' }),
    platform: text('Only this platform of it', 'OS/ARCH'),
    quiet: toggle('Do not show progress', 'q'),
  },
  args: [0, 0],
  examples: ['wharf load -i app.tar', 'gunzip -c app.tar.gz | wharf load'],
  async run({ cli, flags }) {
    const { images } = await cli.client();
    const lines = await images.load(readTar(cli, flags.input), {
      quiet: flags.quiet || !cli.stdout.isTTY,
      platform: platformJson(flags.platform),
    });
    await showProgress(cli.stdout, lines);
  },
});
