// List filters: the JSON of the `filters` query, and how labels match.
import { invalid } from '#shared/errors.ts';

/** From a filter's key to the values it was given. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/**
 * The filters in `{"key":["value"]}` or the older `{"key":{"value":true}}`; absent or empty text is no filter.
 * Throws `invalid`.
 */
export function parseFilters(json: string | undefined): Filters {
  if (json === undefined || json === '') return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw invalid('invalid filter', { cause, hint: 'the filters are no JSON' });
  }
  if (parsed === null) return new Map();
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    throw invalid('invalid filter', { hint: 'the filters are a JSON object of lists: {"label":["a=b"]}' });
  return new Map(Object.entries(parsed).map(([key, value]) => [key, valuesOf(key, value)]));
}

function valuesOf(key: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([item, on]) => (on === true ? [item] : []));
  }
  throw invalid(`invalid filter '${key.slice(0, 100)}': expected a list of texts`);
}

/** The JSON that `parseFilters` reads. */
export function formatFilters(filters: Filters): string {
  return JSON.stringify(Object.fromEntries(filters));
}

/** Throws `invalid` with Docker's sentence where a key is not allowed. */
export function filterKeysOnly(filters: Filters, allowedKeys: readonly string[]): void {
  for (const key of filters.keys()) {
    if (!allowedKeys.includes(key)) {
      throw invalid(`invalid filter '${key.slice(0, 100)}'`, {
        hint: `the filters here are ${allowedKeys.join(', ')}`,
      });
    }
  }
}

/** Docker takes the names in a filter as patterns; what is none is looked for as it is written. */
export function matchPattern(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return text.includes(pattern);
  }
}

/** True where `labels` has every wanted one: `key`, or `key=value`. */
export function matchLabel(
  labels: Readonly<Record<string, string>> | null | undefined,
  wanted: readonly string[] | undefined,
): boolean {
  return (wanted ?? []).every((text) => {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (labels === null || labels === undefined || !Object.hasOwn(labels, key)) return false;
    return equals < 0 || labels[key] === text.slice(equals + 1);
  });
}

/** The one truth value of a filter such as `dangling`, or undefined where it is not asked. Throws `invalid`. */
export function flagOf(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key);
  if (values === undefined || values.length === 0) return undefined;
  const [value = '', ...more] = values;
  const lower = value.toLowerCase();
  if (more.length === 0 && (lower === 'true' || lower === '1')) return true;
  if (more.length === 0 && (lower === 'false' || lower === '0')) return false;
  throw invalid(`invalid filter '${key}=[${values.join(' ').slice(0, 100)}]'`);
}
