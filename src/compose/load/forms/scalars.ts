// Forms of single values: flags, numbers, amounts of bytes, spans of time, file modes.
import { isMap, type Json, textOf } from '#compose/json.ts';
import { type Form, placed, wrong } from '#compose/load/forms/form.ts';
import { formatDuration, parseDuration } from '#shared/notation/duration.ts';
import { parseBytes } from '#shared/notation/size.ts';

/** Anything scalar as text. */
export const text: Form = (value) => (typeof value === 'object' ? (value ?? undefined) : String(value));

const flagWords: Record<string, boolean> = {
  true: true,
  yes: true,
  y: true,
  on: true,
  false: false,
  no: false,
  n: false,
  off: false,
};

/** A boolean; variables leave it as a word. */
export const flag: Form = (value, where) => {
  if (typeof value !== 'string') return value;
  const word = value.toLowerCase();
  const known = Object.hasOwn(flagWords, word) ? flagWords[word] : undefined;
  if (known === undefined) throw wrong(where, `invalid boolean: ${value}`, 'write true or false');
  return known;
};

/** A whole number. */
export const whole: Form = (value, where) => {
  const number = asNumber(value);
  if (number === undefined || !Number.isInteger(number))
    throw wrong(where, `invalid number: ${textOf(value)}`);
  return number;
};

/** A number with or without decimals. */
export const decimal: Form = (value, where) => {
  const number = asNumber(value);
  if (number === undefined) throw wrong(where, `invalid number: ${textOf(value)}`);
  return number;
};

function asNumber(value: Json): number | undefined {
  if (typeof value === 'number') return value;
  const isNumber = typeof value === 'string' && /^[-+]?\d{1,18}(?:\.\d{1,18})?$/.test(value.trim());
  return isNumber ? Number(value) : undefined;
}

/** Bytes as the text of their number, which is how `config` shows them; `512m` becomes `536870912`. */
export const bytes: Form = (value, where) => {
  if (typeof value === 'number') return String(Math.floor(value));
  if (typeof value !== 'string') return value;
  if (value === '-1') return value;
  return String(placed(where, () => parseBytes(value.trim())));
};

/** A span of time in Go's spelling; days and weeks are taken too. `90s` becomes `1m30s`. */
export const duration: Form = (value, where) => {
  if (isMap(value) || Array.isArray(value)) return value;
  return placed(where, () => formatDuration(spanOf(textOf(value))));
};

/** Nanoseconds in `1w2d3h`. Throws `invalid`. */
function spanOf(text: string): number {
  const match = /^(?:(\d{1,5})w)?(?:(\d{1,6})d)?(.*)$/.exec(text);
  const days = Number(match?.[1] ?? 0) * 7 + Number(match?.[2] ?? 0);
  const rest = match?.[3] ?? text;
  return days * 86_400e9 + (rest === '' && days > 0 ? 0 : parseDuration(rest));
}

/** Permission bits as `config` shows them: `"0440"`. A number was octal where it was written. */
export const fileMode: Form = (value, where) => {
  const octal = typeof value === 'number' ? value.toString(8) : textOf(value).replace(/^0o?/, '');
  if (!/^[0-7]{0,5}$/.test(octal))
    throw wrong(where, `invalid file mode: ${textOf(value)}`, 'a mode looks like 0440');
  return `0${octal}`;
};

/** Permission bits as a number, from octal text. */
export const modeNumber: Form = (value, where) => {
  if (typeof value === 'number') return value;
  if (!/^0?o?[0-7]{1,5}$/.test(textOf(value))) throw wrong(where, `invalid file mode: ${textOf(value)}`);
  return Number.parseInt(textOf(value).replace(/^0?o/, ''), 8);
};

/** How many devices: a number, or all of them, which is -1. */
export const deviceCount: Form = (value, where) => (value === 'all' ? -1 : whole(value, where));
