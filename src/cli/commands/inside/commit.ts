// wharf commit
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { familiarRepository, parseReference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER [REPOSITORY[:TAG]]',
  flags: {
    author: text('Who made it', 'TEXT', { short: 'a' }),
    change: many('Apply a Dockerfile instruction', 'INSTRUCTION', { short: 'c' }),
    message: text('What it is', 'TEXT', { short: 'm' }),
    'no-pause': toggle('Do not pause the container meanwhile'),
    pause: toggle('Pause the container meanwhile', 'p', { on: true, hidden: true }),
  },
  args: [1, 2],
  examples: ['wharf commit web web:patched', 'wharf commit -c \'CMD ["app"]\' web web:patched'],
  async run({ cli, flags, args: [container = '', name] }) {
    const reference = name === undefined ? undefined : parseReference(name);
    const { containers } = await cli.client();
    const { Id } = await containers.commit({
      container,
      repo: reference === undefined ? undefined : familiarRepository(reference),
      tag: reference?.tag,
      comment: flags.message,
      author: flags.author,
      changes: flags.change,
      pause: flags['no-pause'] || !flags.pause ? '0' : '1',
    });
    cli.print(Id);
  },
});
