// Docker's sentences for a flag whose text cannot be read.
import { BadFlag } from '#cli/failure.ts';
import { EngineError } from '#shared/errors.ts';

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

/** A whole number. Throws `invalid` with the flag's name. */
export function integerOf(value: string, flag: string): number {
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  throw new BadFlag(`invalid argument ${JSON.stringify(value)} for "${flag}" flag: expected a whole number`);
}
