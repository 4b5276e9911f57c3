// wharf volume import
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { readTar } from '#cli/terminal/tar-file.ts';

export const command = defineCommand({
  usage: '[flags] VOLUME [FILE|-]',
  flags: { merge: toggle('Put the files over those that are in the volume') },
  args: [1, 2],
  examples: ['wharf volume import data data.tar', 'gunzip -c data.tar.gz | wharf volume import data'],
  async run({ cli, flags, args: [name = '', file] }) {
    const { volumes } = await cli.client();
    const { Name } = await volumes.import(name, readTar(cli, file), { merge: flags.merge });
    cli.print(Name);
  },
});
