// wharf save
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { writeTar } from '#cli/terminal/tar-file.ts';
import { platformJson } from '#cli/terminal/words.ts';

export const command = defineCommand({
  usage: '[flags] IMAGE [IMAGE...]',
  flags: {
    output: text('Write to this file instead of stdout', 'FILE', { short: 'o' }),
    platform: text('Only this platform of it', 'OS/ARCH'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf save -o app.tar app', 'wharf save app | gzip > app.tar.gz'],
  async run({ cli, flags, args }) {
    const platform = platformJson(flags.platform);
    const { images } = await cli.client();
    await writeTar(cli, { file: flags.output, open: () => images.save(args, platform) });
  },
});
