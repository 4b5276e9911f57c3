// wharf network map
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import type { ContainerSummary } from '#shared/contract/container.ts';
import type { NetworkInspect } from '#shared/contract/network.ts';
import { invalid } from '#shared/errors.ts';
import { formatPortSummary } from '#shared/notation/port.ts';

interface MappedContainer {
  name: string;
  id: string;
  running: boolean;
  addresses: string[];
  /** Published ones as `0.0.0.0:8080->80/tcp`; on the network that they come in by. */
  ports: string;
  /** Containers that share its network (`--network container:NAME`). */
  sharedBy: string[];
}

interface MappedNetwork {
  name: string;
  id: string;
  driver: string;
  internal: boolean;
  subnets: string[];
  containers: MappedContainer[];
}

export const command = defineCommand({
  usage: '[flags] [NETWORK...]',
  flags: {
    all: toggle('Containers that do not run, too', 'a'),
    format: text('json: for programs', 'FORMAT'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf network map', 'wharf network map --format json back'],
  async run({ cli, flags, args }) {
    if (flags.format !== undefined && flags.format !== 'json') {
      throw invalid(`unknown format ${flags.format}`, { hint: 'It is json, or none for a drawing.' });
    }
    const { networks, containers } = await cli.client();
    const [found, members] = await Promise.all([networks.list(), containers.list({ all: flags.all })]);
    const chosen = found.filter(
      ({ Name, Id }) => args.length === 0 || args.some((each) => each === Name || Id.startsWith(each)),
    );
    const map = chosen.map((network) => mapNetwork(network, members)).sort(byName);
    if (flags.format === 'json') cli.print(JSON.stringify(map, null, 2));
    else cli.print(map.map(draw).join('\n\n'));
  },
});

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);

const nameOf = ({ Names }: ContainerSummary): string => Names[0]?.replace(/^\//, '') ?? '';

function mapNetwork(network: NetworkInspect, all: ContainerSummary[]): MappedNetwork {
  const containers = all.flatMap((container): MappedContainer[] => {
    const settings = container.NetworkSettings?.Networks?.[network.Name];
    if (settings === undefined) return [];
    const own = Object.keys(container.NetworkSettings?.Networks ?? {});
    return [
      {
        name: nameOf(container),
        id: container.Id,
        running: container.State === 'running',
        addresses: [settings?.IPAddress, settings?.GlobalIPv6Address].flatMap((each) => each || []),
        ports: own.indexOf(network.Name) === 0 ? formatPortSummary(container.Ports) : '',
        sharedBy: all
          .filter(({ HostConfig }) => HostConfig?.NetworkMode === `container:${container.Id}`)
          .map(nameOf)
          .sort(),
      },
    ];
  });
  return {
    name: network.Name,
    id: network.Id,
    driver: network.Driver,
    internal: network.Internal,
    subnets: (network.IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
    containers: containers.sort(byName),
  };
}

function draw({ name, driver, internal, subnets, containers }: MappedNetwork): string {
  const about = [driver, ...subnets, ...(internal ? ['internal'] : [])].join(', ');
  const width = Math.max(...containers.map((each) => each.name.length));
  const rows = containers.map((each, index) => {
    const branch = index === containers.length - 1 ? '└─' : '├─';
    const state = each.running ? '' : '(not running)';
    const shared = each.sharedBy.length === 0 ? '' : `(and ${each.sharedBy.join(', ')})`;
    const cells = [each.name.padEnd(width), each.addresses.join(' '), each.ports, shared, state].filter(
      (cell) => cell !== '',
    );
    return ` ${branch} ${cells.join('  ')}`.trimEnd();
  });
  return [`${name} (${about})`, ...rows].join('\n');
}
