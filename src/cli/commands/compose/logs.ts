// wharf compose logs
import { defineCompose } from '#cli/commands/compose/globals.ts';
import { openLines } from '#cli/commands/compose/log-lines.ts';
import { openKnownProject, openSession } from '#cli/commands/compose/project.ts';
import { unixText } from '#cli/commands/inside/logs.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { listContainers, readLogs, sourceOf } from '#compose/execute/look.ts';

export const command = defineCompose({
  usage: '[flags] [SERVICE...]',
  flags: {
    follow: toggle('Go on with what is written from now on', 'f'),
    index: text('', 'N', { hidden: true }),
    'no-color': toggle('No colours'),
    'no-log-prefix': toggle('Do not begin lines with the name of their container'),
    since: text('Only from this time on (2026-01-31T12:00:00Z, or 10m ago)', 'TIME'),
    tail: text('Only the last N lines of each container (all)', 'N', { short: 'n' }),
    timestamps: toggle('Show when each line was written', 't'),
    until: text('Only up to this time', 'TIME'),
  },
  args: [0, Number.POSITIVE_INFINITY],
  examples: ['wharf compose logs', 'wharf compose logs -f --tail 20 web'],
  async run({ cli, flags, args }) {
    const project = await openKnownProject(cli, { services: args });
    using session = await openSession(cli, project, { silent: true });
    const found = await listContainers(session, { services: args, all: true });
    const sources = found.map(({ Names }) => sourceOf(project.name, (Names[0] ?? '').replace(/^\//, '')));
    const lines = openLines(cli, { sources, colour: !flags['no-color'], prefix: !flags['no-log-prefix'] });
    await readLogs(
      session,
      {
        services: args,
        follow: flags.follow,
        timestamps: flags.timestamps,
        ...(flags.tail === undefined ? {} : { tail: flags.tail }),
        ...(flags.since === undefined ? {} : { since: unixText(flags.since) }),
        ...(flags.until === undefined ? {} : { until: unixText(flags.until) }),
      },
      (line) => lines.write({ ...line, stream: 'stdout' }),
    );
  },
});
