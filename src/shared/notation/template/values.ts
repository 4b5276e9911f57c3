// How Go shows and judges values: what `{{.X}}` prints, and what `if` takes for true.

/** The text that Go's templates print for a value. */
export function textOf(value: unknown): string {
  if (value === undefined) return '<no value>';
  return printed(value);
}

function printed(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value).filter(([, inner]) => typeof inner !== 'function');
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `map[${entries.map(([key, inner]) => `${key}:${printed(inner)}`).join(' ')}]`;
}

/** False for nothing, false, zero, and empty texts, lists and maps. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** The key and value pairs that `range` goes through; maps in the order of their keys. */
export function pairsOf(value: unknown): [key: unknown, value: unknown][] {
  if (Array.isArray(value)) return value.map((item, at) => [at, item]);
  if (typeof value === 'number') return Array.from({ length: Math.min(value, 10_000) }, (_, at) => [at, at]);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
