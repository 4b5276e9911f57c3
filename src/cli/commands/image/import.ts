// wharf import
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text } from '#cli/grammar/flags.ts';
import { showProgress } from '#cli/terminal/progress.ts';
import { readTar } from '#cli/terminal/tar-file.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: '[flags] FILE|URL|- [REPOSITORY[:TAG]]',
  flags: {
    change: many('Apply a Dockerfile instruction', 'INSTRUCTION', { short: 'c' }),
    message: text('What it is', 'TEXT', { short: 'm' }),
    platform: text('Platform of the image', 'OS/ARCH'),
  },
  args: [1, 2],
  examples: ['wharf import web.tar web:flat', 'wharf export web | wharf import - web:flat'],
  async run({ cli, flags, args: [source = '', name] }) {
    const reference = name === undefined ? undefined : parseReference(name);
    const isUrl = /^https?:\/\//.test(source);
    const body = isUrl ? undefined : readTar(cli, source);
    const { images } = await cli.client();
    const query = {
      fromSrc: isUrl ? source : '-',
      repo: reference === undefined ? undefined : familiarRepository(reference),
      tag: reference?.tag,
      message: flags.message,
      changes: flags.change,
      platform: flags.platform,
    };
    await showProgress(cli.stdout, await images.import(query, body));
  },
});
