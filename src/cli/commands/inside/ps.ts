// wharf ps
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { ellipsis, printRows, type Row } from '#cli/terminal/table.ts';
import { ago, createdAt, filtersOf, labelsText, shownId } from '#cli/terminal/words.ts';
import type { ContainerSummary, MountPoint } from '#shared/contract/container.ts';
import { invalid } from '#shared/errors.ts';
import { formatPortSummary } from '#shared/notation/port.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';
import { shortOf } from '#shared/oci/digest.ts';

const heads = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Ports: 'PORTS',
  Names: 'NAMES',
  Size: 'SIZE',
  CreatedAt: 'CREATED AT',
  Labels: 'LABELS',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  LocalVolumes: 'LOCAL VOLUMES',
  State: 'STATE',
  Platform: 'PLATFORM',
};

export const command = defineCommand({
  usage: '[flags]',
  flags: {
    all: toggle('Show stopped containers too', 'a'),
    filter: many('Only these (status=exited, name=web, label=app, ancestor=image …)', 'KEY=VALUE', {
      short: 'f',
    }),
    format: text('json, a template, or "table TEMPLATE"', 'FORMAT'),
    last: text('Show the N newest, stopped ones too', 'N', { short: 'n' }),
    latest: toggle('Show the newest, stopped or not', 'l'),
    'no-trunc': toggle('Do not shorten anything'),
    quiet: toggle('Show ids only', 'q'),
    size: toggle('Show sizes too', 's'),
  },
  args: [0, 0],
  examples: [
    'wharf ps',
    'wharf ps -a --filter status=exited',
    "wharf ps --format 'table {{.Names}}\\t{{.Ports}}'",
  ],
  async run({ cli, flags }) {
    const last = flags.latest ? 1 : flags.last === undefined ? -1 : Number(flags.last);
    if (!Number.isInteger(last))
      throw invalid(
        `invalid argument ${JSON.stringify(flags.last)} for "-n, --last" flag: expected a whole number`,
      );
    const wantsSize = flags.size || /\{\{[^}]*\.Size\b|\bjson \.\s*\}\}/.test(flags.format ?? '');
    const filters = filtersOf(flags.filter);
    const { containers } = await cli.client();
    const found = await containers.list({
      all: flags.all || last > 0,
      size: wantsSize,
      ...(last > 0 ? { limit: last } : {}),
      ...(filters === undefined ? {} : { filters }),
    });
    const rows = found.map((summary) => containerRow(summary, flags['no-trunc']));
    if (flags.quiet && flags.format === undefined) {
      for (const row of rows) cli.print(String(row['ID']));
      return;
    }
    const columns = [
      'ID',
      'Image',
      'Command',
      'RunningFor',
      'Status',
      'Ports',
      'Names',
      ...(flags.size ? ['Size'] : []),
    ];
    printRows(cli, rows, { heads, columns, format: flags.format ?? cli.config().psFormat });
  },
});

/** A line of `ps` under the names that templates know. */
export function containerRow(summary: ContainerSummary, whole: boolean): Row {
  const labels = summary.Labels ?? {};
  return {
    Command: `"${whole ? summary.Command : ellipsis(summary.Command, 20)}"`,
    CreatedAt: createdAt(summary.Created),
    ID: shownId(summary.Id, whole),
    Image: imageOf(summary, whole),
    Labels: labelsText(labels),
    LocalVolumes: String((summary.Mounts ?? []).filter(({ Driver }) => Driver === 'local').length),
    Mounts: (summary.Mounts ?? []).map((mount) => mountText(mount, whole)).join(','),
    Names: namesOf(summary, whole),
    Networks: Object.keys(summary.NetworkSettings?.Networks ?? {}).join(','),
    Platform: null,
    Ports: formatPortSummary(summary.Ports ?? []),
    RunningFor: ago(summary.Created),
    Size: sizeText(summary),
    State: summary.State,
    Status: summary.Status,
    Label: (name: string) => labels[name] ?? '',
  };
}

function imageOf(summary: ContainerSummary, whole: boolean): string {
  if (summary.Image === '') return '<no image>';
  if (whole) return summary.Image;
  return summary.Image.startsWith('sha256:') || summary.Image === summary.ImageID
    ? shortOf(summary.Image)
    : summary.Image.replace(/@sha256:.*$/, '');
}

/** Names through links (`/other/alias`) only where everything is wanted. */
function namesOf(summary: ContainerSummary, whole: boolean): string {
  const names = summary.Names.map((name) => name.replace(/^\//, ''));
  return (whole ? names : names.filter((name) => !name.includes('/'))).join(',');
}

function mountText(mount: MountPoint, whole: boolean): string {
  const name = mount.Name || mount.Source;
  return whole ? name : ellipsis(name, 15);
}

function sizeText(summary: ContainerSummary): string {
  const own = formatBytesDecimal(summary.SizeRw ?? 0);
  return summary.SizeRootFs ? `${own} (virtual ${formatBytesDecimal(summary.SizeRootFs)})` : own;
}
