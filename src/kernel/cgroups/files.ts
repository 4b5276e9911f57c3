// Reading the small text files of cgroups; what is not there reads as nothing.
import { readFileSync } from 'node:fs';

/** The file's text without the last newline; undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

/** A file of one number; `max` is Infinity; undefined where there is none. */
export function readNumber(path: string): number | undefined {
  const text = readText(path);
  if (text === undefined || text === '') return undefined;
  return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}

/** A file of `key value` lines. */
export function readPairs(path: string): Record<string, number> {
  const lines = (readText(path) ?? '').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [key = '', value] = line.split(' ');
      return value === undefined ? [] : [[key, Number(value)]];
    }),
  );
}

/** A file of process ids, one a line. */
export function readPids(path: string): number[] {
  const text = readText(path) ?? '';
  return text === '' ? [] : text.split('\n').map(Number);
}
