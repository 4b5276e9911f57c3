// Query strings as Docker reads them: its words for true and false, numbers, repeated parameters.

import type { Schema } from '#api/wire/schema.ts';
import { invalid } from '#shared/errors.ts';

const falseWords = new Set(['', '0', 'no', 'false', 'none']);

/** Docker's rule: everything is true but an empty text, `0`, `no`, `false` and `none`. */
export function decodeFlag(text: string): boolean {
  return !falseWords.has(text.trim().toLowerCase());
}

/**
 * The parameters that the schema names, each in its type; the others are left out. A parameter given more than once
 * counts with its first value unless the schema wants a list. Throws `invalid` naming the parameter.
 */
export function decodeQuery(schema: Schema, query: unknown): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  if (typeof query !== 'object' || query === null) return out;
  const properties = schema.properties ?? {};
  for (const [name, sent] of Object.entries(query)) {
    const wanted = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (wanted === undefined) continue;
    const values: string[] = Array.isArray(sent) ? sent.map(String) : [String(sent)];
    out[name] = wanted.type === 'array' ? values : decodeValue(wanted, name, values[0] ?? '');
  }
  return dropUndefined(out);
}

function decodeValue(schema: Schema, name: string, text: string): unknown {
  if (schema.type === 'boolean') return decodeFlag(text);
  if (schema.type !== 'integer' && schema.type !== 'number') return text;
  if (text === '') return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || (schema.type === 'integer' && !Number.isInteger(number))) {
    throw invalid(`invalid value ${JSON.stringify(text)} for query parameter ${name}: expected a number`);
  }
  return number;
}

function dropUndefined(record: Record<string, unknown>): Record<string, unknown> {
  for (const name of Object.keys(record)) if (record[name] === undefined) delete record[name];
  return record;
}
