// wharf volume export
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { writeTar } from '#cli/terminal/tar-file.ts';

export const command = defineCommand({
  usage: '[flags] VOLUME',
  flags: { output: text('Write to this file instead of stdout', 'FILE', { short: 'o' }) },
  args: [1, 1],
  examples: ['wharf volume export -o data.tar data', 'wharf volume export data | gzip > data.tar.gz'],
  async run({ cli, flags, args: [name = ''] }) {
    const { volumes } = await cli.client();
    await writeTar(cli, { file: flags.output, open: () => volumes.archive(name) });
  },
});
