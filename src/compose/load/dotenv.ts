// The `.env` format: names and values, quotes, `export`, comments, values over several lines, variables.
import { type Place, problem } from '#compose/load/place.ts';
import { fillTemplate, type Lookup, parseTemplate, TemplateError } from '#compose/load/template.ts';

interface Cursor {
  text: string;
  at: number;
  file: string;
}

/**
 * The variables of a `.env` text, in its order. Values in double quotes and bare ones are filled from `lookup`
 * first and from the lines above second. A name alone takes its value from `lookup` and is left out where that
 * has none. Throws `invalid` with file and line.
 */
export function parseDotenv(text: string, file: string, lookup: Lookup): Map<string, string> {
  const cursor: Cursor = { text: text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'), at: 0, file };
  const found = new Map<string, string>();
  const lookupBoth: Lookup = (name) => lookup(name) ?? found.get(name);
  while (skipBlank(cursor)) {
    const place = placeOf(cursor);
    const { name, hasValue } = readName(cursor, place);
    const value = hasValue ? readValue(cursor, place, lookupBoth) : lookup(name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function placeOf({ text, at, file }: Cursor): Place {
  const before = text.slice(0, at).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Moves to the next thing that is not blank or a comment; false at the end. */
function skipBlank(cursor: Cursor): boolean {
  cursor.at += /^(?:\s|#[^\n]*(?:\n|$))*/.exec(cursor.text.slice(cursor.at))?.[0].length ?? 0;
  return cursor.at < cursor.text.length;
}

function readName(cursor: Cursor, place: Place): { name: string; hasValue: boolean } {
  const end = endOfLine(cursor);
  const line = cursor.text.slice(cursor.at, end);
  const match = /^(?:export[ \t]+)?([^\s=:#'"]+)[ \t]*(=|:(?=\s|$)|$|#.*$)/.exec(line);
  if (match === null || !/^[A-Za-z0-9_.[\]-]+$/.test(match[1] ?? '')) {
    throw problem(
      place,
      `unexpected character in variable name near ${JSON.stringify(line.slice(0, 60))}`,
      'a line of an env file looks like NAME=value',
    );
  }
  const hasValue = match[2] === '=' || match[2] === ':';
  cursor.at += hasValue ? match[0].length : line.length;
  return { name: match[1] ?? '', hasValue };
}

function endOfLine({ text, at }: Cursor): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function readValue(cursor: Cursor, place: Place, lookup: Lookup): string {
  while (cursor.text[cursor.at] === ' ' || cursor.text[cursor.at] === '\t') cursor.at += 1;
  const quote = cursor.text[cursor.at];
  if (quote === '"' || quote === "'") return readQuoted(cursor, quote, { place, lookup });
  const end = endOfLine(cursor);
  const line = cursor.text.slice(cursor.at, end);
  cursor.at = end;
  const value = (/^#/.test(line) ? '' : line.replace(/\s#.*$/, '')).trim();
  return fill(value, place, lookup);
}

function readQuoted(cursor: Cursor, quote: string, how: { place: Place; lookup: Lookup }): string {
  const start = cursor.at + 1;
  let end = start;
  while (end < cursor.text.length && cursor.text[end] !== quote) end += cursor.text[end] === '\\' ? 2 : 1;
  if (end >= cursor.text.length) {
    throw problem(
      how.place,
      `unterminated quoted value ${JSON.stringify(cursor.text.slice(start - 1, endOfLine(cursor)))}`,
    );
  }
  const raw = cursor.text.slice(start, end);
  cursor.at = end + 1;
  const rest = cursor.text.slice(cursor.at, endOfLine(cursor));
  if (!/^\s*(?:#.*)?$/.test(rest)) {
    throw problem(
      placeOf(cursor),
      `unexpected text after a quoted value: ${JSON.stringify(rest.slice(0, 60))}`,
    );
  }
  cursor.at += rest.length;
  if (quote === "'") return raw.replaceAll("\\'", "'");
  return fill(withoutEscapes(raw), how.place, how.lookup);
}

const escapes: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  b: '\b',
  v: '\v',
  a: '\x07',
  $: '$$',
};

/** An escaped dollar becomes two, so that filling the value leaves one. */
function withoutEscapes(raw: string): string {
  return raw.replace(
    /\\([\s\S])/g,
    (whole, char: string) => escapes[char] ?? (/["\\']/.test(char) ? char : whole),
  );
}

function fill(value: string, place: Place, lookup: Lookup): string {
  if (!value.includes('$')) return value;
  try {
    return fillTemplate(parseTemplate(value), lookup);
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    throw problem(
      place,
      `${thrown.missing === undefined ? `invalid template ${JSON.stringify(value)}: ` : ''}${thrown.message}`,
    );
  }
}
