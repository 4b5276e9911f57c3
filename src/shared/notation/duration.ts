// Spans and points of time: Go's `1m30s`, Docker's "2 minutes", and what `--since` takes.
import { invalid } from '#shared/errors.ts';

const nanosPer: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds in `1m30s`, `1.5h`, `250ms` or `0`. Throws `invalid` with Go's sentence. */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text.slice(0, 100));
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[-+]/, '');
  if (body === '0') return 0;
  if (!/^(?:\d{1,18}(?:\.\d{0,18})?[a-zµμ]{1,2}|\.\d{1,18}[a-zµμ]{1,2}){1,20}$/.test(body)) {
    throw invalid(
      /^[\d.]+$/.test(body) ? `time: missing unit in duration ${quoted}` : `time: invalid duration ${quoted}`,
      {
        hint: 'a duration looks like 30s, 1m30s or 1.5h',
      },
    );
  }
  let nanos = 0;
  for (const [, amount = '', unit = ''] of body.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    const factor = nanosPer[unit];
    if (factor === undefined) throw invalid(`time: unknown unit "${unit}" in duration ${quoted}`);
    nanos += Math.round(Number(amount) * factor);
  }
  if (!Number.isFinite(nanos) || nanos > 2 ** 63) throw invalid(`time: invalid duration ${quoted}`);
  return sign * nanos;
}

/** Go's text of nanoseconds: `1m30s`, `1h0m0s`, `250ms`, `0s`. */
export function formatDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  if (nanos < 0) return `-${formatDuration(-nanos)}`;
  if (nanos < 1e3) return `${nanos}ns`;
  if (nanos < 1e6) return `${trimmed(nanos, 1e3)}µs`;
  if (nanos < 1e9) return `${trimmed(nanos, 1e6)}ms`;
  const hours = Math.floor(nanos / 3600e9);
  const minutes = Math.floor((nanos % 3600e9) / 60e9);
  const seconds = `${trimmed(nanos % 60e9, 1e9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** The quotient, with as many decimals as it has and no more. */
function trimmed(nanos: number, unit: number): string {
  const whole = Math.floor(nanos / unit);
  const width = String(unit).length - 1;
  const decimals = String(nanos % unit)
    .padStart(width, '0')
    .replace(/0+$/, '');
  return decimals === '' ? String(whole) : `${whole}.${decimals}`;
}

const day = 24;

/** Docker's words for a span of time: `Less than a second`, `2 minutes`, `About an hour`, `3 weeks`. */
export function humanDuration(seconds: number): string {
  if (seconds < 1) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < 60) return `${Math.floor(seconds)} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 2 * day) return `${hours} hours`;
  if (hours < 14 * day) return `${Math.floor(hours / day)} days`;
  if (hours < 60 * day) return `${Math.floor(hours / day / 7)} weeks`;
  if (hours < 730 * day) return `${Math.floor(hours / day / 30)} months`;
  return `${Math.floor(seconds / 3600 / day / 365)} years`;
}

/** A point of time, from the Unix epoch on. */
export interface Timestamp {
  seconds: number;
  nanos: number;
}

/**
 * The moment in `text`: Unix seconds (`1700000000`, `1700000000.000000123`), a date (RFC 3339, with or without
 * zone or time), or how long before `nowMs` it was (`10m`). Throws `invalid`.
 */
export function parseTimestamp(text: string, nowMs: number): Timestamp {
  const unix = /^(\d{1,15})(?:\.(\d{1,9})\d{0,9})?$/.exec(text);
  if (unix !== null) return { seconds: Number(unix[1]), nanos: Number((unix[2] ?? '').padEnd(9, '0')) };
  const date = parseDate(text);
  if (date !== undefined) return date;
  let ago: number;
  try {
    ago = parseDuration(text);
  } catch {
    throw invalid(`invalid value for time: ${JSON.stringify(text.slice(0, 100))}`, {
      hint: 'a time looks like 2026-01-31T12:00:00Z, 1700000000 or 10m (ten minutes ago)',
    });
  }
  const atMs = nowMs - ago / 1e6;
  const seconds = Math.floor(atMs / 1000);
  return { seconds, nanos: Math.min(999_999_999, Math.round((atMs - seconds * 1000) * 1e6)) };
}

const datePattern =
  /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}(?::\d{2}(?::\d{2})?)?)(?:\.(\d{1,9})\d{0,9})?)?(Z|[+-]\d{2}:\d{2})?$/;

function parseDate(text: string): Timestamp | undefined {
  const match = datePattern.exec(text);
  if (match === null) return undefined;
  const [, day = '', time = '00', fraction = '', zone = ''] = match;
  const fullTime = time.length === 2 ? `${time}:00:00` : time.length === 5 ? `${time}:00` : time;
  const ms = Date.parse(`${day}T${fullTime}${zone}`);
  if (Number.isNaN(ms)) return undefined;
  return { seconds: Math.floor(ms / 1000), nanos: Number(fraction.padEnd(9, '0')) };
}
