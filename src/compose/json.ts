// Plain data: what a file holds once places and tags are taken off.

export type Json = null | boolean | number | string | Json[] | JsonMap;

export interface JsonMap {
  [key: string]: Json;
}

/** True for a mapping, false for lists, scalars and nothing. */
export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping, or an empty one for anything else. */
export function mapOf(value: Json | undefined): JsonMap {
  return isMap(value) ? value : {};
}

/** The list, or an empty one for anything else. */
export function itemsOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

/** A scalar as the text that ends up in a container: `true`, `8080`, and nothing for null. */
export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The same data with the keys of every mapping in order. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}

/** True where both hold the same data, whatever the order of their keys. */
export function sameData(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The mapping without the keys that hold nothing. */
export function compact(map: Record<string, Json | undefined>): JsonMap {
  const kept: JsonMap = {};
  for (const [key, value] of Object.entries(map)) if (value !== undefined) kept[key] = value;
  return kept;
}
