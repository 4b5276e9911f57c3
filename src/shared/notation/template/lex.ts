// Cuts a template into texts and actions, and an action into tokens.
import { invalid } from '#shared/errors.ts';

export type Piece = { text: string } | { action: string };

export function badTemplate(why: string): Error {
  return invalid(`template parsing error: template: :1: ${why}`, {
    hint: 'a format looks like {{.Name}} or {{json .}}',
  });
}

/** The texts and actions in their order; `{{-` and `-}}` have already taken the white space beside them. */
export function cutTemplate(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf('{{', at);
    const raw = open < 0 ? source.slice(at) : source.slice(at, open);
    const trimsBefore = open >= 0 && /^-\s/.test(source.slice(open + 2, open + 4));
    let text = trimNext ? raw.trimStart() : raw;
    if (trimsBefore) text = text.trimEnd();
    if (text !== '') pieces.push({ text });
    if (open < 0) return pieces;
    const close = findClose(source, open + 2);
    const inner = source.slice(open + 2 + (trimsBefore ? 1 : 0), close);
    trimNext = /\s-$/.test(inner);
    const action = (trimNext ? inner.slice(0, -1) : inner).trim();
    if (!action.startsWith('/*')) pieces.push({ action });
    at = close + 2;
  }
}

/** Where the action that starts at `from` ends: the first `}}` outside a quoted text. */
function findClose(source: string, from: number): number {
  let quote = '';
  for (let at = from; at < source.length; at += 1) {
    const char = source[at] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote !== '`') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === '`') quote = char;
    else if (char === '}' && source[at + 1] === '}') return at;
  }
  throw badTemplate('unclosed action');
}

const tokenPattern =
  /\s+|"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)'|:=|[|(),=]|-?\d+(?:\.\d+)?|\$[A-Za-z0-9_]*|\.[A-Za-z0-9_]*|[A-Za-z_][A-Za-z0-9_]*/y;

/** The tokens of an action. A white space token `' '` stays: `.A .B` is two operands, `.A.B` one. */
export function tokensOf(action: string): string[] {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < action.length) {
    const from = tokenPattern.lastIndex;
    const match = tokenPattern.exec(action);
    if (match === null)
      throw badTemplate(`unexpected ${JSON.stringify(action[from])} in ${JSON.stringify(action)}`);
    tokens.push(match[0].trim() === '' ? ' ' : match[0]);
  }
  return tokens;
}

/** The text that a quoted token stands for. */
export function unquote(token: string): string {
  const inner = token.slice(1, -1);
  if (token.startsWith('`')) return inner;
  const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0' };
  return inner.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return escapes[code] ?? code;
  });
}
