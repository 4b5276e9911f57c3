// Splits a command line into words the way a shell does, without running anything.
import { invalid } from '#shared/errors.ts';

/**
 * The words of `sh -c "echo 'a b'"`: blanks part words, quotes and backslashes keep them together; operators
 * such as `&&` have no meaning and stay words. Throws `invalid` where a quote is not closed.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '\\' && quote !== "'") {
      at += 1;
      const next = text[at];
      if (next === undefined) {
        throw invalid(`invalid command line string: ${text.slice(0, 200)}: ends in a backslash`);
      }
      // A backslash at the end of a line joins it with the next.
      if (next !== '\n') word = (word ?? '') + unescaped(next, quote);
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '')
    throw invalid(`invalid command line string: ${text.slice(0, 200)}: a ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}

/** Inside double quotes a backslash only escapes what it must. */
function unescaped(char: string, quote: string): string {
  return quote === '"' && !/["\\$`]/.test(char) ? `\\${char}` : char;
}

/** A command line that `splitWords` splits into these words. */
export function joinWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
