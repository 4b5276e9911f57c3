// Variables and quotes in arguments: `$x`, `${x:-word}`, `${x%pattern}` …, '…', "…" and escapes.
import { SyntaxProblem } from './errors.ts';
import { substitute } from './substitute.ts';

export interface Scope {
  /** The value of a variable, or undefined where it is not set. */
  lookup(name: string): string | undefined;
  escape: string;
  /** Told of each variable that is not set where nothing says what then. */
  onUnset?(name: string): void;
}

/** A cursor over the text; what it has produced is told apart as quoted or bare, for splitting into words. */
interface Cursor {
  text: string;
  index: number;
  scope: Scope;
}

const nameStart = /[A-Za-z_]/;
const nameRest = /[A-Za-z0-9_]/;

function takeName(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.index;
  if (nameStart.test(text.charAt(start))) {
    while (cursor.index < text.length && nameRest.test(text.charAt(cursor.index))) cursor.index += 1;
  } else if (/[0-9]/.test(text.charAt(start))) {
    while (/[0-9]/.test(text.charAt(cursor.index))) cursor.index += 1;
  } else if (/[@*#?$!-]/.test(text.charAt(start))) cursor.index += 1;
  return text.slice(start, cursor.index);
}

function takeBraced(cursor: Cursor): string {
  const start = cursor.index;
  cursor.index += 1;
  const name = takeName(cursor);
  const { text, scope } = cursor;
  if (name === '') throw new SyntaxProblem('syntax error: bad substitution', { expected: 'a variable name' });
  if (text.charAt(cursor.index) === '}') {
    cursor.index += 1;
    return valueAt(scope, name);
  }
  const operator = /^(:[-+?]|[-+?]|##?|%%?|\/\/?)/.exec(text.slice(cursor.index, cursor.index + 2))?.[0];
  if (operator === undefined) {
    if (cursor.index >= text.length) throw missingBrace(start);
    throw new SyntaxProblem(`unsupported modifier (${text.charAt(cursor.index)}) in substitution`, {
      expected: ':-, :+, :?, #, % or /',
    });
  }
  cursor.index += operator.length;
  const words: string[] = [];
  const slash = operator.startsWith('/');
  if (slash) words.push(takeUntil(cursor, '/}'));
  if (slash && text.charAt(cursor.index) === '/') cursor.index += 1;
  words.push(slash && text.charAt(cursor.index) === '}' ? '' : takeUntil(cursor, '}'));
  if (text.charAt(cursor.index) !== '}') throw missingBrace(start);
  cursor.index += 1;
  return substitute({ name, value: scope.lookup(name), operator, words });
}

function valueAt(scope: Scope, name: string): string {
  const value = scope.lookup(name);
  if (value === undefined) scope.onUnset?.(name);
  return value ?? '';
}

function missingBrace(offset: number): SyntaxProblem {
  return new SyntaxProblem('syntax error: missing } in substitution', { expected: '}', offset });
}

function takeVariable(cursor: Cursor): string {
  cursor.index += 1;
  if (cursor.text.charAt(cursor.index) === '{') return takeBraced(cursor);
  const name = takeName(cursor);
  return name === '' ? '$' : valueAt(cursor.scope, name);
}

function takeSingleQuoted(cursor: Cursor): string {
  const end = cursor.text.indexOf("'", cursor.index + 1);
  if (end < 0)
    throw new SyntaxProblem('unexpected end of statement while looking for matching single-quote', {
      expected: "'",
    });
  const inner = cursor.text.slice(cursor.index + 1, end);
  cursor.index = end + 1;
  return inner;
}

function takeDoubleQuoted(cursor: Cursor): string {
  const { text, scope } = cursor;
  let out = '';
  cursor.index += 1;
  while (cursor.index < text.length) {
    const char = text.charAt(cursor.index);
    if (char === '"') {
      cursor.index += 1;
      return out;
    }
    if (char === '$') out += takeVariable(cursor);
    else if (char === scope.escape) {
      const next = text.charAt(cursor.index + 1);
      out += next === '"' || next === '$' || next === scope.escape ? next : char + next;
      cursor.index += 2;
    } else {
      out += char;
      cursor.index += 1;
    }
  }
  throw new SyntaxProblem('unexpected end of statement while looking for matching double-quote', {
    expected: '"',
  });
}

/** Takes one piece; `bare` says that blanks in it split words. */
function takePiece(cursor: Cursor): { text: string; bare: boolean; quoted: boolean } {
  const char = cursor.text.charAt(cursor.index);
  if (char === "'") return { text: takeSingleQuoted(cursor), bare: false, quoted: true };
  if (char === '"') return { text: takeDoubleQuoted(cursor), bare: false, quoted: true };
  if (char === '$') return { text: takeVariable(cursor), bare: true, quoted: false };
  if (char === cursor.scope.escape) {
    const next = cursor.text.charAt(cursor.index + 1);
    cursor.index += 2;
    return { text: next, bare: false, quoted: false };
  }
  cursor.index += 1;
  return { text: char, bare: true, quoted: false };
}

function takeUntil(cursor: Cursor, stops: string): string {
  let out = '';
  while (cursor.index < cursor.text.length && !stops.includes(cursor.text.charAt(cursor.index)))
    out += takePiece(cursor).text;
  return out;
}

/** Expands variables and takes quotes and escapes off; the result is one word. Throws SyntaxProblem. */
export function expandWord(text: string, scope: Scope): string {
  return takeUntil({ text, index: 0, scope }, '');
}

/** Expands, then splits at blanks that were not quoted. A quoted empty word stays. */
export function expandWords(text: string, scope: Scope): string[] {
  const cursor: Cursor = { text, index: 0, scope };
  const words: string[] = [];
  let word: string | undefined;
  while (cursor.index < text.length) {
    const piece = takePiece(cursor);
    if (!piece.bare) {
      word = (word ?? '') + piece.text;
      continue;
    }
    for (const char of piece.text) {
      if (!/\s/.test(char)) word = (word ?? '') + char;
      else if (word !== undefined) {
        words.push(word);
        word = undefined;
      }
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Expands variables only: quotes stay as they are (the lines of a here-document). */
export function expandText(text: string, scope: Scope): string {
  const cursor: Cursor = { text, index: 0, scope };
  let out = '';
  while (cursor.index < text.length) {
    const char = text.charAt(cursor.index);
    if (char === '$') out += takeVariable(cursor);
    else if (char === scope.escape && '$\\'.includes(text.charAt(cursor.index + 1) || 'x')) {
      out += text.charAt(cursor.index + 1);
      cursor.index += 2;
    } else {
      out += char;
      cursor.index += 1;
    }
  }
  return out;
}
