// Words that several lists share: ages, short ids, filters, pairs.

import { BadFlag } from '#cli/failure.ts';
import { humanDuration } from '#shared/notation/duration.ts';
import { formatFilters } from '#shared/notation/filter.ts';
import { shortOf } from '#shared/oci/digest.ts';
import { parsePlatform } from '#shared/oci/platform.ts';

/** `2 minutes ago`. */
export function ago(unixSeconds: number): string {
  return `${humanDuration(Math.max(0, Date.now() / 1000 - unixSeconds))} ago`;
}

/** The id, short unless all of it is wanted. */
export function shownId(id: string, whole: boolean): string {
  return whole ? id : shortOf(id);
}

/** `2026-01-31 12:00:00 +0000 UTC`, as Docker's CreatedAt columns. */
export function createdAt(unixSeconds: number): string {
  return goTime(new Date(unixSeconds * 1000).toISOString());
}

/** `2026-01-31 12:00:00.5 +0000 UTC` of a time on the wire, in UTC; anything else comes back as it is. */
export function goTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/.exec(text);
  if (match === null) return text;
  const [, day, time, fraction = ''] = match;
  return `${day} ${time}${fraction.replace(/\.?0+$/, '')} +0000 UTC`;
}

/** The `filters` query of `--filter` texts; undefined where there are none. Throws `invalid`. */
export function filtersOf(
  texts: readonly string[],
  extra: Record<string, string[]> = {},
): string | undefined {
  const filters = new Map<string, string[]>(Object.entries(extra));
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals <= 0) {
      throw new BadFlag(
        `invalid argument "${text}" for "-f, --filter" flag: bad format of filter (expected name=value)`,
        {
          hint: 'a filter looks like name=web or label=app',
        },
      );
    }
    const key = text.slice(0, equals).trim().toLowerCase();
    filters.set(key, [...(filters.get(key) ?? []), text.slice(equals + 1).trim()]);
  }
  return filters.size === 0 ? undefined : formatFilters(filters);
}

/** `a=b` texts as a record; a text without `=` has the empty value. */
export function pairsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

/** `a=b,c=d`, as the Labels columns show them. */
export function labelsText(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** A platform flag as the engine takes it: JSON. Throws `invalid`. */
export function platformJson(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(parsePlatform(text));
}
