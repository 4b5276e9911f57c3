// wharf logout
import { defineCommand } from '#cli/grammar/command.ts';
import { forgetCredential, keyOf } from '#cli/terminal/credentials.ts';

export const command = defineCommand({
  usage: '[REGISTRY]',
  flags: {},
  args: [0, 1],
  examples: ['wharf logout registry.example.org'],
  async run({ cli, args: [registry = 'docker.io'] }) {
    const key = keyOf(registry.replace(/^https?:\/\//, '').replace(/\/$/, ''));
    if (!forgetCredential(cli.env, key)) {
      cli.print(`Not logged in to ${registry}`);
      return;
    }
    cli.print(`Removing login credentials for ${registry}`);
  },
});
