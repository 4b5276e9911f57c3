// wharf context use
import { readConfig, writeConfig } from '#cli/files/config-file.ts';
import { readContext } from '#cli/files/context-store.ts';
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: 'CONTEXT',
  flags: {},
  args: [1, 1],
  examples: ['wharf context use server', 'wharf context use default'],
  async run({ cli, args: [name = ''] }) {
    const { currentContext: _before, ...others } = readConfig(cli.env);
    if (name !== 'default') readContext(cli.env, name);
    writeConfig(cli.env, name === 'default' ? others : { ...others, currentContext: name });
    cli.print(name);
    const overriding = ['WHARF_HOST', 'DOCKER_HOST', 'DOCKER_CONTEXT'].find((each) => cli.env[each]);
    if (overriding !== undefined)
      cli.warn(
        `Warning: ${overriding} overrides the context that is now in use. Unset it to let that count.`,
      );
    else cli.warn(`Current context is now "${name}"`);
  },
});
