// wharf system check
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';

export const command = defineCommand({
  usage: '[flags]',
  flags: { format: text('json: everything that is known', 'FORMAT') },
  args: [0, 0],
  examples: ['wharf system check'],
  async run({ cli, flags }) {
    const { system } = await cli.client();
    const findings = await system.check();
    if (flags.format === 'json') cli.print(JSON.stringify(findings, null, 2));
    else if (findings.length === 0) cli.print('All is as it should be.');
    else
      for (const { Subject, Problem, Hint, Severe } of findings) {
        cli.print(`${Severe ? 'wrong' : 'note '}  ${Subject}: ${Problem}`);
        cli.print(`       ${Hint}`);
      }
    return findings.some(({ Severe }) => Severe) ? 1 : 0;
  },
});
