// `--chmod`: octal, or symbolic as chmod(1) has it.
import { invalid } from '#shared/errors.ts';

export interface ChangeMode {
  /** The mode that a file or directory with mode `before` gets. */
  of(before: number, isDirectory: boolean): number;
  /** The mode where it was given as a number; folders that are made for the files have it too. */
  plain?: number;
}

const clause = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const who: Record<string, number> = { u: 0o4700, g: 0o2070, o: 0o1007 };
const plain: Record<string, number> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };

/** The bits that `letters` mean, for everybody. */
function bitsOf(letters: string, before: number, isDirectory: boolean): number {
  const copied = { u: 6, g: 3, o: 0 }[letters];
  if (copied !== undefined) return ((before >> copied) & 7) * 0o111;
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'X') bits |= isDirectory || (before & 0o111) !== 0 ? 0o111 : 0;
    else bits |= plain[letter] ?? 0;
  }
  return bits;
}

function applyClause(text: string, before: number, isDirectory: boolean): number {
  const [, persons = '', actions = ''] = clause.exec(text) ?? [];
  const named = persons === '' || persons.includes('a') ? 'ugo' : persons;
  const mask = [...named].reduce((sum, person) => sum | (who[person] ?? 0), 0);
  let mode = before;
  for (const [, sign, letters = ''] of actions.matchAll(/([-+=])([ugo](?![rwxXst])|[rwxXst]*)/g)) {
    const bits = bitsOf(letters, mode, isDirectory) & mask;
    if (sign === '+') mode |= bits;
    else if (sign === '-') mode &= ~bits;
    else mode = (mode & ~(mask & (isDirectory ? 0o1777 : 0o7777))) | bits;
  }
  return mode & 0o7777;
}

/** `755`, `0`, `u+x,go-w`, `a=rX`. Anything else: `invalid`. */
export function parseChangeMode(text: string): ChangeMode {
  if (/^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= 0o7777) {
    const plain = Number.parseInt(text, 8);
    return { plain, of: () => plain };
  }
  const clauses = text.split(',');
  if (!clauses.every((each) => clause.test(each))) {
    throw invalid(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`, {
      hint: 'Or symbolic, as u+x,go-w or a=rX.',
    });
  }
  return {
    of: (before, isDirectory) => clauses.reduce((mode, each) => applyClause(each, mode, isDirectory), before),
  };
}
