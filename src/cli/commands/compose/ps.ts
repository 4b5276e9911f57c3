// wharf compose ps
import { defineCompose } from '#cli/commands/compose/globals.ts';
import { openKnownProject, openSession } from '#cli/commands/compose/project.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, type Row, renderRows } from '#cli/terminal/table.ts';
import { ago, createdAt, labelsText } from '#cli/terminal/words.ts';
import { listContainers } from '#compose/execute/look.ts';
import { label } from '#compose/plan/labels.ts';
import type { ContainerSummary } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { formatPortSummary } from '#shared/notation/port.ts';

const heads = {
  Name: 'NAME',
  Image: 'IMAGE',
  Command: 'COMMAND',
  Service: 'SERVICE',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Ports: 'PORTS',
  ID: 'CONTAINER ID',
  Project: 'PROJECT',
  State: 'STATE',
  Health: 'HEALTH',
  ExitCode: 'EXIT CODE',
  Labels: 'LABELS',
  Networks: 'NETWORKS',
  Mounts: 'MOUNTS',
};
const columns = ['Name', 'Image', 'Command', 'Service', 'RunningFor', 'Status', 'Ports'];

export const command = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    all: toggle('Show stopped containers too', 'a'),
    filter: many('Only these: status=running', 'KEY=VALUE'),
    format: text('table, json or a template', 'FORMAT'),
    'no-trunc': toggle('Do not shorten anything'),
    orphans: toggle('Show those of services that the file no longer has', undefined, { on: true }),
    quiet: toggle('Show ids only', 'q'),
    services: toggle('Show the names of services only'),
    status: many('Only containers in this state', 'STATE'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose ps', 'wharf compose ps -a --format json web'],
  async run({ cli, flags, args }) {
    const project = await openKnownProject(cli, { services: args });
    using session = await openSession(cli, project, { silent: true });
    const states = [...flags.status, ...flags.filter.map(stateOf)];
    const all = flags.all || states.length > 0;
    const found = (await listContainers(session, { services: args, all })).filter(
      ({ State, Labels }) =>
        (states.length === 0 || states.includes(State)) &&
        (flags.orphans || project.services[Labels[label.service] ?? ''] !== undefined),
    );
    if (flags.quiet) for (const { Id } of found) cli.print(Id);
    else if (flags.services) {
      for (const name of new Set(found.map(({ Labels }) => Labels[label.service] ?? ''))) cli.print(name);
    } else {
      const rows = found.map((summary) =>
        rowOf(summary, { whole: flags['no-trunc'], json: flags.format === 'json' }),
      );
      cli.stdout.write(renderRows(rows, { heads, columns, format: flags.format }));
    }
  },
});

function stateOf(filter: string): string {
  const [key, value] = filter.split('=');
  if (key !== 'status' || value === undefined)
    throw invalid(`unknown filter ${key}`, { hint: 'a filter looks like status=running' });
  return value;
}

function rowOf(summary: ContainerSummary, { whole, json }: { whole: boolean; json: boolean }): Row {
  const { Labels, Status } = summary;
  const command = whole || json ? summary.Command : ellipsis(summary.Command, 20);
  return {
    Command: `"${command}"`,
    CreatedAt: createdAt(summary.Created),
    ExitCode: Number(/^Exited \((\d+)\)/.exec(Status)?.[1] ?? 0),
    Health: /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(Status)?.[1] ?? '',
    ID: json || whole ? summary.Id : summary.Id.slice(0, 12),
    Image: summary.Image,
    Labels: labelsText(Labels),
    Mounts: (summary.Mounts ?? []).map(({ Name, Source }) => Name || Source).join(','),
    Name: (summary.Names[0] ?? '').replace(/^\//, ''),
    Names: (summary.Names[0] ?? '').replace(/^\//, ''),
    Networks: Object.keys(summary.NetworkSettings?.Networks ?? {}).join(','),
    Ports: formatPortSummary(summary.Ports ?? []),
    Project: Labels[label.project] ?? '',
    Publishers: (summary.Ports ?? []).map((port) => ({
      URL: port.IP ?? '',
      TargetPort: port.PrivatePort,
      PublishedPort: port.PublicPort ?? 0,
      Protocol: port.Type,
    })),
    RunningFor: ago(summary.Created),
    Service: Labels[label.service] ?? '',
    State: summary.State,
    Status,
  };
}
