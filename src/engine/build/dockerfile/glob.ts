// Path patterns as Go's filepath.Match has them: `*`, `?`, `[a-z]`, `[^x]`, `\x`; none of them crosses a slash.
import { SyntaxProblem } from './errors.ts';

const special = /[*?[\\]/;

/** True where the text is a pattern and not a plain path. */
export function isPattern(text: string): boolean {
  return special.test(text);
}

function quote(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function badPattern(pattern: string): SyntaxProblem {
  return new SyntaxProblem(`syntax error in pattern: ${pattern}`, {
    expected: 'a pattern as of filepath.Match',
  });
}

/** One character of a class at `index`, and where the next begins. */
function classChar(pattern: string, index: number): { char: string; next: number } {
  const escaped = pattern.charAt(index) === '\\';
  const char = pattern.charAt(escaped ? index + 1 : index);
  if (char === '' || (!escaped && (char === '-' || char === ']'))) throw badPattern(pattern);
  return { char, next: index + (escaped ? 2 : 1) };
}

function classSource(pattern: string, start: number): { source: string; next: number } {
  let index = start + 1;
  const negated = pattern.charAt(index) === '^';
  if (negated) index += 1;
  let body = '';
  while (body === '' || pattern.charAt(index) !== ']') {
    const low = classChar(pattern, index);
    index = low.next;
    let high = low.char;
    if (pattern.charAt(index) === '-') {
      const found = classChar(pattern, index + 1);
      high = found.char;
      index = found.next;
    }
    if (low.char <= high) body += `${quote(low.char)}-${quote(high)}`;
    else body += '';
    if (body === '') throw badPattern(pattern);
  }
  return { source: negated ? `[^/${body}]` : `(?!/)[${body}]`, next: index + 1 };
}

/** The pattern as a regular expression over a whole path segment or path. Throws SyntaxProblem. */
export function compilePattern(pattern: string): RegExp {
  let source = '';
  let index = 0;
  while (index < pattern.length) {
    const char = pattern.charAt(index);
    if (char === '[') {
      const found = classSource(pattern, index);
      source += found.source;
      index = found.next;
      continue;
    }
    if (char === '*') {
      if (!source.endsWith('[^/]*')) source += '[^/]*';
    } else if (char === '?') source += '[^/]';
    else if (char === '\\') {
      index += 1;
      if (index >= pattern.length) throw badPattern(pattern);
      source += quote(pattern.charAt(index));
    } else source += quote(char);
    index += 1;
  }
  return new RegExp(`^${source}$`, 's');
}

/** True where `name` matches the whole pattern. */
export function matchPath(pattern: string, name: string): boolean {
  return compilePattern(pattern).test(name);
}
