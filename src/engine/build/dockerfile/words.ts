// Words of an instruction: blanks split them, quotes and escapes hold them together and are kept.
import { SyntaxProblem } from './errors.ts';

export interface Pair {
  name: string;
  value: string;
}

const isSpace = (char: string): boolean => char === ' ' || char === '\t' || char === '\n' || char === '\r';

/** Where the word that begins at `start` ends. */
function wordEnd(text: string, start: number, escapeChar: string): number {
  let quote = '';
  let index = start;
  while (index < text.length) {
    const char = text.charAt(index);
    if (char === escapeChar && quote !== "'") {
      index += 2;
      continue;
    }
    if (quote === '' && isSpace(char)) break;
    if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    index += 1;
  }
  return Math.min(index, text.length);
}

/** Splits at blanks outside quotes. Quotes and escapes stay in the words, for variable expansion to take off. */
export function splitWords(text: string, escapeChar: string): string[] {
  const words: string[] = [];
  let index = 0;
  while (index < text.length) {
    if (isSpace(text.charAt(index))) {
      index += 1;
      continue;
    }
    const end = wordEnd(text, index, escapeChar);
    words.push(text.slice(index, end));
    index = end;
  }
  return words;
}

/** Splits at blanks only. */
export function splitBlanks(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** `name=value …` or the old `name the rest is the value`. Values are not yet expanded. */
export function parsePairs(keyword: string, text: string, escapeChar: string): Pair[] {
  const words = splitWords(text, escapeChar);
  const first = words[0];
  if (first === undefined)
    throw new SyntaxProblem(`${keyword} requires at least one argument`, { expected: 'name=value' });
  if (!first.includes('=')) {
    const value = text.trimStart().slice(first.length).trim();
    if (value === '')
      throw new SyntaxProblem(`${keyword} must have two arguments`, { expected: 'name=value' });
    return [{ name: first, value }];
  }
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 0) {
      const problem = `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`;
      throw new SyntaxProblem(problem, { expected: 'name=value', offset: text.indexOf(word) });
    }
    if (at === 0) throw new SyntaxProblem(`${keyword} names can not be blank`, { expected: 'name=value' });
    return { name: word.slice(0, at), value: word.slice(at + 1) };
  });
}

/** A JSON array of strings, or undefined where the text is not JSON at all (then it is the shell form). */
export function parseJsonForm(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (value.every((each) => typeof each === 'string')) return value;
  throw new SyntaxProblem('only arrays of strings are allowed in the JSON form', { expected: '["a", "b"]' });
}
