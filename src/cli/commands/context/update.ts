// wharf context update
import { endpointFields } from '#cli/commands/context/endpoint-fields.ts';
import { assertContextName, readContext, writeContext } from '#cli/files/context-store.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';

export const command = defineCommand({
  usage: '[flags] CONTEXT',
  flags: {
    description: text('What it is for', 'TEXT'),
    docker: text('The engine: host=URL, ca=FILE, cert=FILE, key=FILE, skip-tls-verify=true', 'FIELDS'),
  },
  args: [1, 1],
  examples: ['wharf context update server --docker host=ssh://me@other --description "the new one"'],
  async run({ cli, flags, args: [name = ''] }) {
    assertContextName(name);
    const before = readContext(cli.env, name);
    const { from, ...given } = flags.docker === undefined ? {} : endpointFields(flags.docker);
    const base = from === undefined ? before : readContext(cli.env, from);
    writeContext(cli.env, { ...base, ...given, name, description: flags.description ?? before.description });
    cli.print(name);
    cli.warn(`Successfully updated context "${name}"`);
  },
});
