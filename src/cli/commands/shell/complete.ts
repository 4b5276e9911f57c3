// wharf __complete: called by the shells' scripts with the words typed so far, the last of them unfinished.
import { complete, filesToo } from '#cli/complete/complete.ts';
import { openLookup } from '#cli/complete/lookup.ts';
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: '-- [WORD...]',
  flags: {},
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf __complete -- rm we'],
  async run({ cli, args }) {
    const found = await complete(args.length > 0 ? args : [''], openLookup(cli.env));
    if (found === filesToo) cli.print(':files');
    else for (const { text, help } of found) cli.print(help === undefined ? text : `${text}\t${help}`);
  },
});
