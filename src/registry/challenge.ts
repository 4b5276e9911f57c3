// Parses `WWW-Authenticate` (RFC 9110, 11.6.1; Docker's token specification).

export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  scheme: string;
  parameters: Record<string, string>;
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;

/** Every challenge of the header, in order. Text that is no challenge is skipped; never throws. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const challenges: Challenge[] = [];
  const text = (header ?? '').slice(0, 8192);
  let at = 0;
  while (at < text.length) {
    at = skip(text, at);
    const word = wordAt(text, at);
    if (word === undefined) {
      at++;
      continue;
    }
    at += word.length;
    const last = challenges.at(-1);
    if (text[at] === '=' && last !== undefined) {
      const value = valueAt(text, at + 1);
      last.parameters[word.toLowerCase()] = value.value;
      at = value.end;
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
    }
  }
  return challenges;
}

function skip(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t,'.includes(text[at] ?? '')) at++;
  return at;
}

function wordAt(text: string, at: number): string | undefined {
  token.lastIndex = at;
  return token.exec(text)?.[0];
}

function valueAt(text: string, at: number): { value: string; end: number } {
  if (text[at] !== '"') {
    const word = wordAt(text, at) ?? '';
    return { value: word, end: at + word.length };
  }
  let value = '';
  let i = at + 1;
  for (; i < text.length && text[i] !== '"'; i++) {
    if (text[i] === '\\') i++;
    value += text[i] ?? '';
  }
  return { value, end: i + 1 };
}
