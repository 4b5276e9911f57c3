// wharf network create
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { pairsOf } from '#cli/terminal/words.ts';
import type { IpamPool } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] NETWORK',
  flags: {
    attachable: toggle('Let containers connect by hand'),
    'aux-address': many('Addresses the network must not give', 'NAME=IP'),
    'config-from': text('Take the settings of this network', 'NETWORK'),
    'config-only': toggle('Settings for others, no network of its own'),
    driver: text('Driver (bridge)', 'NAME', { short: 'd' }),
    gateway: many('Gateway of a subnet', 'IP'),
    ingress: toggle('For Swarm, which Wharf has not', undefined, { hidden: true }),
    internal: toggle('No way out to other networks'),
    'ip-range': many('Give addresses from this part of a subnet', 'CIDR'),
    'ipam-driver': text('Address driver', 'NAME'),
    'ipam-opt': many('Option for the address driver', 'KEY=VALUE'),
    ipv4: toggle('Give IPv4 addresses', undefined, { on: true }),
    ipv6: toggle('Give IPv6 addresses'),
    label: many('Set a label', 'KEY=VALUE'),
    opt: many('Option for the driver', 'KEY=VALUE', { short: 'o' }),
    scope: text('How far it reaches (local)', 'SCOPE'),
    subnet: many('Subnet', 'CIDR'),
  },
  args: [1, 1],
  examples: ['wharf network create back', 'wharf network create --subnet 10.5.0.0/24 --internal db'],
  async run({ cli, flags, given, args: [name = ''] }) {
    const pools = poolsOf(flags);
    const { networks } = await cli.client();
    const { Id, Warning } = await networks.create({
      Name: name,
      CheckDuplicate: true,
      Driver: flags.driver ?? 'bridge',
      Internal: flags.internal,
      Attachable: flags.attachable,
      ...(given.has('ipv4') ? { EnableIPv4: flags.ipv4 } : {}),
      EnableIPv6: flags.ipv6,
      ...(flags['config-only'] ? { ConfigOnly: true } : {}),
      ...(flags['config-from'] === undefined ? {} : { ConfigFrom: { Network: flags['config-from'] } }),
      ...(flags.scope === undefined ? {} : { Scope: flags.scope }),
      ...(flags.ingress ? { Ingress: true } : {}),
      IPAM: { Driver: flags['ipam-driver'] ?? 'default', Options: pairsOf(flags['ipam-opt']), Config: pools },
      Options: pairsOf(flags.opt),
      Labels: pairsOf(flags.label),
    });
    if (Warning) cli.warn(`WARNING: ${Warning}`);
    cli.print(Id);
  },
});

/** Ranges and gateways belong to the subnets in the order given. */
function poolsOf(flags: {
  subnet: string[];
  gateway: string[];
  'ip-range': string[];
  'aux-address': string[];
}): IpamPool[] {
  const { subnet, gateway } = flags;
  const ranges = flags['ip-range'];
  if (gateway.length > subnet.length)
    throw invalid('no matching subnet for gateway', { hint: 'give --subnet with --gateway' });
  if (ranges.length > subnet.length)
    throw invalid('no matching subnet for range', { hint: 'give --subnet with --ip-range' });
  return subnet.map((Subnet, at) => ({
    Subnet,
    ...(gateway[at] === undefined ? {} : { Gateway: gateway[at] }),
    ...(ranges[at] === undefined ? {} : { IPRange: ranges[at] }),
    ...(at > 0 || flags['aux-address'].length === 0
      ? {}
      : { AuxiliaryAddresses: pairsOf(flags['aux-address']) }),
  }));
}
