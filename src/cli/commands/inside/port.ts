// wharf port
import { defineCommand } from '#cli/grammar/command.ts';
import type { PortBinding } from '#shared/contract/network.ts';
import { notFound } from '#shared/errors.ts';
import { parsePortKey } from '#shared/notation/port.ts';

export const command = defineCommand({
  usage: 'CONTAINER [PORT[/PROTOCOL]]',
  flags: {},
  args: [1, 2],
  examples: ['wharf port web', 'wharf port web 80'],
  async run({ cli, args: [name = '', wanted] }) {
    const { containers } = await cli.client();
    const ports = (await containers.inspect(name)).NetworkSettings.Ports ?? {};
    if (wanted === undefined) {
      for (const [key, bindings] of Object.entries(ports).sort(
        ([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
      )) {
        for (const binding of bindings ?? []) cli.print(`${key} -> ${addressOf(binding)}`);
      }
      return;
    }
    const { port, protocol } = parsePortKey(wanted);
    const bindings = ports[`${port}/${protocol}`];
    if (!bindings?.length) throw notFound(`No public port '${wanted}' published for ${name}`);
    for (const binding of bindings) cli.print(addressOf(binding));
  },
});

function addressOf({ HostIp = '', HostPort = '' }: PortBinding): string {
  return `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
}
