// Docker's sentences for a flag whose text, or the file that it names, cannot be read.
import { readFileSync } from 'node:fs';
import { BadFlag } from '#cli/failure.ts';
import { codeOf, EngineError, invalid } from '#shared/errors.ts';

/** What `parse` makes of the text. Throws with `flag` as help shows it, `-m, --memory`, and its text. */
export function readFlag<T>(flag: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const { hint, message } = thrown;
    throw new BadFlag(`invalid argument ${JSON.stringify(text)} for "${flag}" flag: ${message}`, {
      ...(hint === undefined ? {} : { hint }),
      cause: thrown,
    });
  }
}

/** The text of a file that the user named. Throws `invalid` with the file's name. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why =
      codeOf(cause) === 'ENOENT' ? 'no such file or directory' : (codeOf(cause) ?? 'cannot be read');
    throw invalid(`open ${file}: ${why}`, { cause });
  }
}

/** A whole number. Throws `invalid` with the flag's name. */
export function integerOf(value: string, flag: string): number {
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  throw new BadFlag(`invalid argument ${JSON.stringify(value)} for "${flag}" flag: expected a whole number`);
}
