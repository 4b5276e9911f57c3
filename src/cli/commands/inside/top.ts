// wharf top
import { defineCommand } from '#cli/grammar/command.ts';
import { renderTable } from '#cli/terminal/table.ts';

export const command = defineCommand({
  usage: 'CONTAINER [PS FLAGS]',
  flags: {},
  args: [1, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: ['wharf top web', 'wharf top web -o pid,rss,cmd'],
  async run({ cli, args: [name = '', ...psFlags] }) {
    const { containers } = await cli.client();
    const { Titles, Processes } = await containers.top(
      name,
      psFlags.length > 0 ? psFlags.join(' ') : undefined,
    );
    cli.stdout.write(renderTable([Titles, ...(Processes ?? [])], 20));
  },
});
