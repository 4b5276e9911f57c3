// wharf logout
import { defineCommand } from '#cli/grammar/command.ts';
import { keyOf, readConfig, writeConfig } from '#cli/terminal/credentials.ts';

export const command = defineCommand({
  usage: '[REGISTRY]',
  flags: {},
  args: [0, 1],
  examples: ['wharf logout registry.example.org'],
  async run({ cli, args: [registry = 'docker.io'] }) {
    const key = keyOf(registry.replace(/^https?:\/\//, '').replace(/\/$/, ''));
    const config = readConfig(cli.env);
    if (config.auths === undefined || !Object.hasOwn(config.auths, key)) {
      cli.print(`Not logged in to ${registry}`);
      return;
    }
    const { [key]: _forgotten, ...others } = config.auths;
    writeConfig(cli.env, { ...config, auths: others });
    cli.print(`Removing login credentials for ${registry}`);
  },
});
