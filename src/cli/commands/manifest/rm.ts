// wharf manifest rm
import { removeList } from '#cli/commands/manifest/lists.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { parseReference } from '#shared/oci/reference.ts';

export const command = defineCommand({
  usage: 'LIST [LIST...]',
  flags: {},
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf manifest rm registry.example.org/app:1'],
  run: ({ cli, args }) =>
    forEachName(cli, args, async (name) => {
      removeList(cli.env, parseReference(name));
      return null;
    }),
});
