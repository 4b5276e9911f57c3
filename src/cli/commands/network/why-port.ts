// wharf why port
import { defineCommand } from '#cli/grammar/command.ts';
import { text } from '#cli/grammar/flags.ts';
import type { PortUse } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] PORT',
  flags: { format: text('json: everything that is known', 'FORMAT') },
  args: [1, 1],
  examples: ['wharf why port 5001'],
  async run({ cli, flags, args: [port = ''] }) {
    const number = Number(port);
    if (!/^\d+$/.test(port) || number < 1 || number > 65_535) throw invalid(`invalid port: ${port}`);
    const { system } = await cli.client();
    const uses = await system.portUses(number);
    if (flags.format === 'json') cli.print(JSON.stringify(uses, null, 2));
    else if (uses.length === 0) cli.print(`Nobody has port ${number}, and no container asks for it.`);
    else for (const use of uses) cli.print(sentenceOf(use, number));
  },
});

function sentenceOf(use: PortUse, port: number): string {
  const place = `${addressText(use.Address)}${port}/${use.Protocol}`;
  if (use.Kind === 'stopped') return `${place}: container ${use.Name} asks for it, but does not run`;
  if (use.Kind === 'unconnected')
    return `${place}: container ${use.Name} asks for it, but is on no network that publishes ports`;
  if (use.Kind === 'process') return `${place}: process ${use.Id} (${use.Name}) listens on it`;
  const how = use.Path === 'relay' ? ', copied by the engine' : '';
  return `${place}: container ${use.Name} (${use.Id.slice(0, 12)}), leads to ${use.Target}${how}`;
}

function addressText(address: string): string {
  if (address === '') return '';
  return address.includes(':') ? `[${address}]:` : `${address}:`;
}
