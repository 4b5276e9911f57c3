// wharf context rm
import { currentContext } from '#cli/endpoint.ts';
import { readConfig, writeConfig } from '#cli/files/config-file.ts';
import { readContext, removeContext } from '#cli/files/context-store.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { toggle } from '#cli/grammar/flags.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { conflict, invalid, isKind } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] CONTEXT [CONTEXT...]',
  flags: { force: toggle('Even the one in use', 'f') },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf context rm server'],
  async run({ cli, flags, args }) {
    return forEachName(cli, args, async (name) => {
      if (name === 'default') throw invalid('context "default" cannot be removed');
      try {
        readContext(cli.env, name);
      } catch (thrown) {
        if (!flags.force || !isKind(thrown, 'not-found')) throw thrown;
      }
      if (currentContext(cli.env) === name) {
        if (!flags.force)
          throw conflict(`context ${JSON.stringify(name)} is in use, set -f flag to force remove`);
        const { currentContext: _gone, ...others } = readConfig(cli.env);
        writeConfig(cli.env, others);
      }
      removeContext(cli.env, name);
      return undefined;
    });
  },
});
