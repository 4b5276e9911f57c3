// The times at the head of log lines: to nanoseconds, and to the form Docker prints.

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Nanoseconds since 1970 of an RFC 3339 time; undefined where it is none. */
export function parseLogTime(text: string): bigint | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const ms = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const nanos = BigInt(fraction.padEnd(9, '0'));
  return BigInt(ms - zoneMs(zone)) * 1_000_000n + nanos;
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** Docker's form: UTC with nine digits and `Z`. Given as it is where it cannot be read. */
export function toDockerTime(text: string): string {
  if (text.endsWith('+00:00') && text.length === 35) return `${text.slice(0, 29)}Z`;
  const nanos = parseLogTime(text);
  if (nanos === undefined) return text;
  const seconds = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
