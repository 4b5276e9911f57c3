// `.dockerignore`: which paths are left out. As moby's patternmatcher has it: the last rule that says something counts.
import { invalid } from '../errors.ts';

export interface IgnoreRules {
  /** True for a path (relative, with slashes) that is left out, itself or with a folder that it is in. */
  excludes(path: string): boolean;
  /** True where a rule with `!` may let something below a folder in again that is left out. */
  hasExceptions: boolean;
}

interface Rule {
  test: RegExp;
  lets: boolean;
}

/** The rules of a file. A line that begins with `#` says nothing. What is no pattern: `invalid`, with its line. */
export function parseIgnore(text: string): IgnoreRules {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  return ignoreRules(lines.filter((line) => !line.startsWith('#')));
}

/** The rules of patterns, each as a line of the file would say it. */
export function ignoreRules(patterns: readonly string[]): IgnoreRules {
  const rules = patterns
    .map((pattern) => pattern.trim())
    .flatMap((line) => (line === '' ? [] : ruleOf(line)));
  const folders = new Map<string, boolean[]>();
  const said = (path: string): boolean[] => {
    const cut = path.lastIndexOf('/');
    const above = cut < 0 ? undefined : ofFolder(path.slice(0, cut));
    return rules.map(({ test }, index) => above?.[index] === true || test.test(path));
  };
  const ofFolder = (path: string): boolean[] => {
    const known = folders.get(path) ?? said(path);
    folders.set(path, known);
    return known;
  };
  return {
    excludes: (path) => {
      if (rules.length === 0 || path === '' || path === '.') return false;
      const last = said(path).lastIndexOf(true);
      return last >= 0 && rules[last]?.lets === false;
    },
    hasExceptions: rules.some(({ lets }) => lets),
  };
}

function ruleOf(line: string): Rule[] {
  const lets = line.startsWith('!');
  const written = lets ? line.slice(1).trim() : line;
  if (written === '')
    throw invalid('illegal exclusion pattern: "!"', { hint: 'A ! stands before a pattern.' });
  const pattern = cleaned(written);
  return pattern === '' ? [] : [{ test: regexpOf(pattern, line), lets }];
}

/** Without `.`, `..`, empty parts and the slash at the beginning. */
function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !path.startsWith('/')) parts.push(part);
  }
  return parts.join('/');
}

const special = /[\\^$.*+?()[\]{}|/-]/g;
const quote = (text: string): string => text.replace(special, '\\$&');

/** A class, `\x`, two stars (with the slash after them), a star, a question mark, or any other character. */
const token = /\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|(\*\*\/?)|(\*)|(\?)|([^[\\])/gsu;

function regexpOf(pattern: string, line: string): RegExp {
  // What follows two stars at the very beginning is the end of a path, in whichever folder.
  const ending = /^\*\*\/?([^*?[\\]+)$/.exec(pattern)?.[1];
  if (ending !== undefined)
    return new RegExp(`${pattern.startsWith('**/') ? '(?:^|/)' : ''}${quote(ending)}$`, 's');
  let source = '';
  let end = 0;
  for (const match of pattern.matchAll(token)) {
    if (match.index !== end) break;
    end += match[0].length;
    source += sourceOf(match, end === pattern.length);
  }
  try {
    if (end === pattern.length) return new RegExp(`^${source}$`, 's');
  } catch {
    // A class from a later to an earlier character.
  }
  throw invalid(`syntax error in pattern: ${line}`, {
    hint: 'A [ needs its ], and a \\ a character after it.',
  });
}

function sourceOf(match: RegExpExecArray, isLast: boolean): string {
  const [, not = '', members, escaped, stars, star, mark, plain = ''] = match;
  if (members !== undefined) return not === '' ? `(?!/)[${membersOf(members)}]` : `[^/${membersOf(members)}]`;
  if (escaped !== undefined) return quote(escaped);
  if (stars !== undefined) return isLast ? '.*' : '(?:.*/)?';
  if (star !== undefined) return '[^/]*';
  if (mark !== undefined) return '[^/]';
  return quote(plain);
}

/** Everything but a range means itself. */
const membersOf = (text: string): string => text.replace(/(?<!\\)[[\]^]/g, '\\$&');
