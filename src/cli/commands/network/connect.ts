// wharf network connect
import { parsePriority } from '#cli/commands/container/networking.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text } from '#cli/grammar/flags.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import type { EndpointSettings } from '#shared/contract/network.ts';

export const command = defineCommand({
  usage: '[flags] NETWORK CONTAINER',
  flags: {
    alias: many('One more name on the network', 'NAME'),
    'driver-opt': many('Option for the driver', 'KEY=VALUE'),
    'gw-priority': text('Which network has the way out: the highest', 'N'),
    ip: text('IPv4 address', 'IP'),
    ip6: text('IPv6 address', 'IP'),
    link: many('Link to another container', 'NAME[:ALIAS]'),
    'link-local-ip': many('Link-local address', 'IP'),
  },
  args: [2, 2],
  examples: ['wharf network connect --alias db back postgres'],
  async run({ cli, flags, args: [network = '', container = ''] }) {
    const endpoint: EndpointSettings = {
      Aliases: flags.alias,
      Links: flags.link,
      DriverOpts: pairsOf(flags['driver-opt']),
      IPAMConfig: {
        ...(flags.ip === undefined ? {} : { IPv4Address: flags.ip }),
        ...(flags.ip6 === undefined ? {} : { IPv6Address: flags.ip6 }),
        ...(flags['link-local-ip'].length === 0 ? {} : { LinkLocalIPs: flags['link-local-ip'] }),
      },
      ...(flags['gw-priority'] === undefined ? {} : { GwPriority: parsePriority(flags['gw-priority']) }),
    };
    const { networks } = await cli.client();
    await networks.connect(network, container, endpoint);
  },
});
