// wharf logs
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { copyOutput } from '#cli/terminal/session.ts';
import { invalid } from '#shared/errors.ts';
import { parseTimestamp } from '#shared/notation/duration.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER',
  flags: {
    details: toggle('Show extra attributes'),
    follow: toggle('Go on with what is written from now on', 'f'),
    since: text('Only from this time on (2026-01-31T12:00:00Z, or 10m ago)', 'TIME'),
    tail: text('Only the last N lines (all)', 'N', { short: 'n' }),
    timestamps: toggle('Show when each line was written', 't'),
    until: text('Only up to this time', 'TIME'),
  },
  args: [1, 1],
  examples: ['wharf logs web', 'wharf logs -f --tail 20 web', 'wharf logs --since 10m web'],
  async run({ cli, flags, args: [name = ''] }) {
    if (flags.tail !== undefined && flags.tail !== 'all' && !/^-?\d{1,15}$/.test(flags.tail)) {
      throw invalid(
        `invalid argument ${JSON.stringify(flags.tail)} for "-n, --tail" flag: expected a number or all`,
      );
    }
    const { containers } = await cli.client();
    const { Config } = await containers.inspect(name);
    const body = await containers.logs(name, {
      follow: flags.follow,
      timestamps: flags.timestamps,
      details: flags.details,
      ...(flags.tail === undefined ? {} : { tail: flags.tail }),
      ...(flags.since === undefined ? {} : { since: timeOf('since', flags.since) }),
      ...(flags.until === undefined ? {} : { until: timeOf('until', flags.until) }),
    });
    await copyOutput(cli, body, { tty: Boolean(Config.Tty), stdout: true, stderr: true });
  },
});

function timeOf(flag: string, text: string): string {
  try {
    return unixText(text);
  } catch (cause) {
    throw invalid(
      `invalid value for "${flag}": failed to parse value as time or duration: ${JSON.stringify(text)}`,
      { cause, hint: 'a time looks like 2026-01-31T12:00:00Z or 10m' },
    );
  }
}

/** `1700000000.000000123`, as the engine takes it. */
export function unixText(time: string): string {
  const { seconds, nanos } = parseTimestamp(time, Date.now());
  return `${seconds}.${String(nanos).padStart(9, '0')}`;
}
