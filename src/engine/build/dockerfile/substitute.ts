// What stands after the name in `${name…}`: defaults, alternatives, required values, cut and replaced patterns.
import { SyntaxProblem } from './errors.ts';

interface Substitution {
  name: string;
  value: string | undefined;
  /** `:-`, `-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/` or `//`. */
  operator: string;
  /** Expanded words after the operator; two for `/`. */
  words: string[];
}

function quote(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Only `*`, `?` and escapes are special here. Greedy or not decides between longest and shortest match. */
function patternSource(pattern: string, greedy: boolean): string {
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern.charAt(index);
    if (char === '*') source += greedy ? '[^]*' : '[^]*?';
    else if (char === '?') source += '[^]';
    else if (char === '\\' && index + 1 < pattern.length) {
      index += 1;
      source += quote(pattern.charAt(index));
    } else source += quote(char);
  }
  return source;
}

function cutSuffix(value: string, pattern: string, greedy: boolean): string {
  const whole = new RegExp(`^${patternSource(pattern, true)}$`);
  const starts = Array.from({ length: value.length + 1 }, (_, index) =>
    greedy ? index : value.length - index,
  );
  const start = starts.find((index) => whole.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}

function cut(value: string, operator: string, pattern: string): string {
  const greedy = operator.length === 2;
  if (operator.startsWith('%')) return cutSuffix(value, pattern, greedy);
  return value.replace(new RegExp(`^${patternSource(pattern, greedy)}`), '');
}

function replaced(value: string, operator: string, words: readonly string[]): string {
  const pattern = words[0] ?? '';
  if (pattern === '') return value;
  const flags = operator === '//' ? 'g' : '';
  return value.replace(new RegExp(patternSource(pattern, true), flags), () => words[1] ?? '');
}

/** The text that a braced variable with an operator becomes. `:?` and `?` throw SyntaxProblem where it is not set. */
export function substitute({ name, value, operator, words }: Substitution): string {
  const word = words[0] ?? '';
  const isSet = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  switch (operator.replace(':', '')) {
    case '-':
      return isSet ? (value ?? '') : word;
    case '+':
      return isSet ? word : '';
    case '?': {
      if (isSet) return value ?? '';
      const state = operator.startsWith(':') ? 'not set or is empty' : 'not set';
      throw new SyntaxProblem(`${name}: ${word === '' ? `variable is ${state}` : word}`, {
        expected: `a value for ${name}`,
      });
    }
    case '/':
    case '//':
      return replaced(value ?? '', operator, words);
    default:
      return cut(value ?? '', operator, word);
  }
}
