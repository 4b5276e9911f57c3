// The functions that templates may call: Go's own and Docker's.
import { invalid } from '#shared/errors.ts';
import { isTrue, textOf } from '#shared/notation/template/values.ts';

type TemplateFunction = (...values: unknown[]) => unknown;

function fail(name: string, why: string): Error {
  return invalid(`template: :1: error calling ${name}: ${why}`);
}

function index(container: unknown, ...keys: unknown[]): unknown {
  let value = container;
  for (const key of keys) {
    if (value === null || value === undefined) throw fail('index', 'index of untyped nil');
    if (Array.isArray(value) || typeof value === 'string') value = itemAt(value, key);
    else if (typeof value === 'object')
      value = Object.hasOwn(value, String(key)) ? Reflect.get(value, String(key)) : undefined;
    else throw fail('index', `can't index item of type ${typeof value}`);
  }
  return value;
}

function itemAt(list: string | unknown[], key: unknown): unknown {
  if (typeof key !== 'number') throw fail('index', 'cannot index slice/array with type string');
  if (key < 0 || key >= list.length) throw fail('index', `reflect: slice index out of range: ${key}`);
  return list[key];
}

function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw fail('slice', `can't slice item of type ${typeof value}`);
  return value.slice(Number(from), to === undefined ? undefined : Number(to));
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  // Lists and maps that are empty come as null.
  if (value === null) return 0;
  if (typeof value === 'object') return Object.keys(value).length;
  throw fail('len', `len of type ${value === undefined ? 'nil' : typeof value}`);
}

function join(list: unknown, separator: unknown): string {
  if (list === null || list === undefined) return '';
  if (!Array.isArray(list)) throw fail('join', 'expected a list');
  return list.map(textOf).join(String(separator));
}

function printf(format: unknown, ...values: unknown[]): string {
  let next = 0;
  const shown = String(format).replace(
    /%([-+ 0#]*)(\d{0,4})(?:\.(\d{1,3}))?([a-zA-Z%])/g,
    (_all, ...parts: string[]) => {
      const [flags = '', width = '', precision, verb = ''] = parts;
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const text = verbText(verb, values[next], precision);
      next += 1;
      if (flags.includes('-')) return text.padEnd(Number(width));
      return text.padStart(Number(width), flags.includes('0') && verb !== 's' ? '0' : ' ');
    },
  );
  if (next >= values.length) return shown;
  return `${shown}%!(EXTRA ${values.slice(next).map(textOf).join(', ')})`;
}

function verbText(verb: string, value: unknown, precision: string | undefined): string {
  if (verb === 'q') return JSON.stringify(textOf(value));
  if (verb === 'f') return Number(value).toFixed(precision === undefined ? 6 : Number(precision));
  if (verb === 'x') return typeof value === 'number' ? value.toString(16) : hexText(textOf(value));
  if (verb === 'd' && typeof value !== 'number') return `%!d(${typeof value}=${textOf(value)})`;
  const text = textOf(value);
  return precision === undefined ? text : text.slice(0, Number(precision));
}

function hexText(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function title(text: unknown): string {
  return String(text).replace(
    /(^|\s)(\S)/g,
    (_all, space: string, letter: string) => space + letter.toUpperCase(),
  );
}

function pad(text: unknown, before: unknown, after: unknown): string {
  const bare = String(text);
  return bare === '' ? bare : ' '.repeat(cappedWidth(before)) + bare + ' '.repeat(cappedWidth(after));
}

function cappedWidth(value: unknown): number {
  return Math.max(0, Math.min(1000, Number(value) || 0));
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** JSON as Go writes it: safe within HTML. Undefined is null, functions are left out. */
export function goJson(value: unknown): string {
  const escapes: Record<string, string> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };
  return JSON.stringify(value ?? null).replace(/[<>&]/g, (char) => escapes[char] ?? char);
}

const table: Record<string, TemplateFunction> = {
  json: goJson,
  index,
  slice,
  len: lengthOf,
  join,
  printf,
  print: (...values) => values.map(textOf).join(''),
  println: (...values) => `${values.map(textOf).join(' ')}\n`,
  upper: (text) => String(text).toUpperCase(),
  lower: (text) => String(text).toLowerCase(),
  title,
  split: (text, separator) => String(text).split(String(separator)),
  pad,
  truncate: (text, length) => [...String(text)].slice(0, Number(length)).join(''),
  eq: (a, ...others) => others.some((other) => compare(a, other) === 0),
  ne: (a, b) => compare(a, b) !== 0,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  not: (value) => !isTrue(value),
};

/** The function of that name. Throws `invalid` with Go's sentence. */
export function findFunction(name: string): TemplateFunction {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found !== undefined) return found;
  throw invalid(`template parsing error: template: :1: function "${name}" not defined`, {
    hint: `the functions are ${Object.keys(table).join(', ')}`,
  });
}
