// wharf volume create
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text } from '#cli/grammar/flags.ts';
import { pairsOf } from '#cli/terminal/words.ts';

export const command = defineCommand({
  usage: '[flags] [VOLUME]',
  flags: {
    driver: text('Driver (local)', 'NAME', { short: 'd' }),
    label: many('Set a label', 'KEY=VALUE'),
    name: text('', 'NAME', { hidden: true }),
    opt: many('Option for the driver', 'KEY=VALUE', { short: 'o' }),
  },
  args: [0, 1],
  examples: ['wharf volume create data'],
  async run({ cli, flags, args: [name = flags.name] }) {
    const { volumes } = await cli.client();
    const { Name } = await volumes.create({
      ...(name === undefined ? {} : { Name: name }),
      Driver: flags.driver ?? 'local',
      DriverOpts: pairsOf(flags.opt),
      Labels: pairsOf(flags.label),
    });
    cli.print(Name);
  },
});
