// Checks what a client sent against a route's schema, and says which field is wrong.

import type { Schema } from '#api/wire/schema.ts';
import { invalid } from '#shared/errors.ts';

/**
 * The value of a JSON body as its schema describes it. Null means absent, unknown fields are left out, and a field
 * that is found only in another letter case is taken (as Go's JSON decoder does). What is required is zero if absent. Throws `invalid` naming the field.
 */
export function decodeBody(schema: Schema, value: unknown): unknown {
  return decode(schema, value ?? {}, '');
}

function decode(schema: Schema, value: unknown, path: string): unknown {
  if (schema.anyOf !== undefined) return decodeAny(schema.anyOf, value, path);
  switch (schema.type) {
    case undefined:
      return value;
    case 'object':
      return decodeObject(schema, value, path);
    case 'array':
      return decodeList(schema, value, path);
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(path, 'an integer', value);
      return value;
    case 'null':
      if (value !== null) throw wrong(path, 'null', value);
      return value;
    default:
      if (typeof value !== schema.type) throw wrong(path, `a ${schema.type}`, value);
      if (schema.enum !== undefined) checkEnum(schema, schema.enum, { value, path });
      return value;
  }
}

function decodeAny(choices: readonly Schema[], value: unknown, path: string): unknown {
  if (value === null && choices.some((choice) => choice.type === 'null')) return null;
  const fitting = choices.find((choice) => choice.type !== 'null');
  return fitting === undefined ? value : decode(fitting, value, path);
}

function decodeObject(schema: Schema, value: unknown, path: string): unknown {
  if (!isPlainObject(value)) throw wrong(path, 'an object', value);
  if (schema.additionalProperties !== undefined) return decodeMap(schema.additionalProperties, value, path);
  const properties = schema.properties ?? {};
  const out: Record<string, unknown> = {};
  for (const [sent, field] of Object.entries(value)) {
    if (field === null) continue;
    const name = Object.hasOwn(properties, sent) ? sent : nameIgnoringCase(properties, sent);
    const inner = name === undefined ? undefined : properties[name];
    if (name === undefined || inner === undefined) continue;
    if (name !== sent && Object.hasOwn(value, name)) continue;
    out[name] = decode(inner, field, path === '' ? name : `${path}.${name}`);
  }
  for (const name of schema.required ?? []) out[name] ??= zeroOf(properties[name] ?? {});
  return out;
}

function decodeMap(values: Schema, value: Record<string, unknown>, path: string): unknown {
  const out: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    const given = field === null && values.anyOf === undefined ? zeroOf(values) : field;
    const decoded = decode(values, given, path === '' ? key : `${path}.${key}`);
    if (key === '__proto__') Object.defineProperty(out, key, { value: decoded, enumerable: true });
    else out[key] = decoded;
  }
  return out;
}

function decodeList(schema: Schema, value: unknown, path: string): unknown {
  if (schema['x-single'] === true && typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw wrong(path, 'an array', value);
  const { prefixItems, items = {} } = schema;
  if (prefixItems !== undefined && value.length !== prefixItems.length) {
    throw invalid(`invalid JSON: ${path}: expected ${prefixItems.length} items, got ${value.length}`);
  }
  return value.map((item, index) => decode(prefixItems?.[index] ?? items, item, `${path}[${index}]`));
}

const lowered = new WeakMap<object, Map<string, string>>();

function nameIgnoringCase(properties: Readonly<Record<string, Schema>>, sent: string): string | undefined {
  let names = lowered.get(properties);
  if (names === undefined) {
    names = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
    lowered.set(properties, names);
  }
  return names.get(sent.toLowerCase());
}

function zeroOf(schema: Schema): unknown {
  if (schema.type === 'string') return '';
  if (schema.type === 'boolean') return false;
  if (schema.type === 'integer' || schema.type === 'number') return 0;
  return schema.type === 'array' ? [] : {};
}

function checkEnum(
  schema: Schema,
  allowed: readonly string[],
  { value, path }: { value: unknown; path: string },
): void {
  if (typeof value === 'string' && allowed.includes(value)) return;
  const refusal = schema['x-refusal'];
  if (refusal !== undefined) throw invalid(refusal.replace('%', String(value).slice(0, 100)));
  const names = allowed.filter((name) => name !== '').map((name) => `"${name}"`);
  throw invalid(`invalid JSON: ${path}: ${JSON.stringify(value)} is not one of ${names.join(', ')}`);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(path: string, expected: string, value: unknown): Error {
  const got = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return invalid(`invalid JSON: ${path === '' ? 'the body' : path}: expected ${expected}, got ${got}`);
}
