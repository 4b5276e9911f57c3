// wharf export
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import { writeTar } from '#cli/terminal/tar-file.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER',
  flags: { output: text('Write to this file instead of stdout', 'FILE', { short: 'o' }) },
  args: [1, 1],
  examples: ['wharf export web > web.tar', 'wharf export -o web.tar web'],
  async run({ cli, flags, args: [name = ''] }) {
    const { containers } = await cli.client();
    await writeTar(cli, { file: flags.output, open: () => containers.export(name) });
  },
});
