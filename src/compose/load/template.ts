// Templates of the Compose format: `$X`, `${X:-default}` and their kin, parsed and filled.

export type Operator = ':-' | '-' | ':?' | '?' | ':+' | '+';

export type Segment =
  | { literal: string }
  | { name: string; operator?: Operator; word: readonly Segment[]; wordText: string };

/** What is wrong with a template: bad syntax, or a variable that must be set and is not. */
export class TemplateError extends Error {
  readonly missing: string | undefined;

  constructor(message: string, missing?: string) {
    super(message);
    this.name = 'TemplateError';
    this.missing = missing;
  }
}

const namePattern = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const operatorPattern = /:?[-?+]/y;
const deepest = 50;

/** The parts of a template; a `$` that starts nothing stands for itself. Throws TemplateError for what is not closed. */
export function parseTemplate(text: string): Segment[] {
  return parseUntil(text, { at: 0, depth: 0 }).segments;
}

/** Reads up to the end, or inside braces up to the `}` that closes them (which is not taken). */
function parseUntil(text: string, from: { at: number; depth: number }): { segments: Segment[]; end: number } {
  if (from.depth > deepest) throw new TemplateError('is nested too deep');
  const segments: Segment[] = [];
  let literal = '';
  let at = from.at;
  while (at < text.length) {
    const char = text[at];
    if (char === '}' && from.depth > 0) break;
    if (char !== '$') {
      const next = nextMark(text, at, from.depth > 0);
      literal += text.slice(at, next);
      at = next;
    } else if (text[at + 1] === '$') {
      literal += '$';
      at += 2;
    } else if (!/[{_a-zA-Z]/.test(text[at + 1] ?? '')) {
      literal += '$';
      at += 1;
    } else {
      if (literal !== '') segments.push({ literal });
      literal = '';
      const { segment, end } = parseVariable(text, at, from.depth);
      segments.push(segment);
      at = end;
    }
  }
  if (literal !== '') segments.push({ literal });
  return { segments, end: at };
}

function nextMark(text: string, at: number, inBraces: boolean): number {
  const marks = [text.indexOf('$', at), inBraces ? text.indexOf('}', at) : -1].filter((found) => found >= 0);
  return Math.min(text.length, ...marks);
}

function parseVariable(text: string, at: number, depth: number): { segment: Segment; end: number } {
  const braced = text[at + 1] === '{';
  const nameAt = at + (braced ? 2 : 1);
  const name = matchAt(namePattern, text, nameAt);
  if (name === '') throw broken();
  const after = nameAt + name.length;
  if (!braced) return { segment: { name, word: [], wordText: '' }, end: after };
  if (text[after] === '}') return { segment: { name, word: [], wordText: '' }, end: after + 1 };
  const operator = asOperator(matchAt(operatorPattern, text, after));
  if (operator === undefined) throw broken();
  const wordAt = after + operator.length;
  const { segments, end } = parseUntil(text, { at: wordAt, depth: depth + 1 });
  if (text[end] !== '}') throw broken();
  return { segment: { name, operator, word: segments, wordText: text.slice(wordAt, end) }, end: end + 1 };
}

function broken(): TemplateError {
  return new TemplateError('You may need to escape any $ with another $');
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function asOperator(text: string): Operator | undefined {
  return ([':-', '-', ':?', '?', ':+', '+'] as const).find((known) => known === text);
}

export type Lookup = (name: string) => string | undefined;

export interface FillOptions {
  /** Called for a variable that is not set and has no operator to say what then. */
  onUnset?: (name: string) => void;
}

/** The template with its variables filled in. Throws TemplateError for `?` and `:?` whose variable is missing. */
export function fillTemplate(
  segments: readonly Segment[],
  lookup: Lookup,
  options: FillOptions = {},
): string {
  return segments
    .map((segment) => ('literal' in segment ? segment.literal : fillVariable(segment, lookup, options)))
    .join('');
}

function fillVariable(
  segment: Exclude<Segment, { literal: string }>,
  lookup: Lookup,
  options: FillOptions,
): string {
  const { name, operator, word } = segment;
  const value = lookup(name);
  const missing = value === undefined || (operator?.startsWith(':') === true && value === '');
  const fillWord = () => fillTemplate(word, lookup, options);
  switch (operator) {
    case ':-':
    case '-':
      return missing ? fillWord() : value;
    case ':+':
    case '+':
      return missing ? '' : fillWord();
    case ':?':
    case '?':
      if (!missing) return value;
      throw new TemplateError(`required variable ${name} is missing a value: ${fillWord()}`, name);
    default:
      if (value === undefined) options.onUnset?.(name);
      return value ?? '';
  }
}

/** The text of a template: `parseTemplate` brings the same parts back. */
export function formatTemplate(segments: readonly Segment[]): string {
  return segments
    .map((segment) => {
      if ('literal' in segment) return segment.literal.replaceAll('$', '$$$$');
      return `\${${segment.name}${segment.operator ?? ''}${segment.operator === undefined ? '' : formatTemplate(segment.word)}}`;
    })
    .join('');
}

/** The names of all variables in the template, defaults included, in the order they stand. */
export function variableNames(segments: readonly Segment[]): string[] {
  return segments.flatMap((segment) =>
    'literal' in segment ? [] : [segment.name, ...variableNames(segment.word)],
  );
}
