// wharf undo
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: '[ID|NAME...]',
  flags: {},
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf undo', 'wharf undo web'],
  async run({ cli, args }) {
    const { trash } = await cli.client();
    const { Restored, Warnings } = await trash.undo(args);
    for (const { Kind, Name } of Restored) cli.print(`${Kind} ${Name} is back`);
    for (const warning of Warnings) cli.stderr.write(`warning: ${warning}\n`);
    return Restored.length === 0 ? 1 : 0;
  },
});
