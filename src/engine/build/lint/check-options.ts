// `# check=skip=A,B;error=true`: which rules count, and whether a finding stops the build.
import { SyntaxProblem } from '../dockerfile/errors.ts';
import { didYouMean } from '../dockerfile/nearest.ts';
import { type RuleName, ruleNames, rules } from './rules.ts';

export interface CheckOptions {
  skip: ReadonlySet<string>;
  skipAll: boolean;
  experimental: ReadonlySet<string>;
  experimentalAll: boolean;
  /** A finding fails the build. */
  error: boolean;
}

const known = ['skip', 'error', 'experimental'];
const none: CheckOptions = {
  skip: new Set(),
  skipAll: false,
  experimental: new Set(),
  experimentalAll: false,
  error: false,
};

function booleanOf(text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new SyntaxProblem(`invalid value ${JSON.stringify(text)} of check option error`, {
    expected: 'true or false',
  });
}

function namesOf(value: string): string[] {
  const names = value.split(',').map((name) => name.trim());
  for (const name of names) {
    // Docker's name of a rule that is none here must not stop a build.
    if (name === '') throw new SyntaxProblem('empty rule name in check option', { expected: 'a rule' });
  }
  return names;
}

/** Throws SyntaxProblem. */
export function parseCheckOptions(text: string | undefined): CheckOptions {
  if (text === undefined || text.trim() === '') return none;
  let options = none;
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    const name = (at < 0 ? part : part.slice(0, at)).trim();
    const value = part.slice(at + 1).trim();
    if (at < 0 || !known.includes(name)) {
      throw new SyntaxProblem(`invalid check option ${JSON.stringify(name)}${didYouMean(name, known)}`, {
        expected: known.map((each) => `${each}=`).join(', '),
      });
    }
    if (name === 'error') options = { ...options, error: booleanOf(value) };
    else if (name === 'skip') {
      options =
        value === 'all' ? { ...options, skipAll: true } : { ...options, skip: new Set(namesOf(value)) };
    } else if (value === 'all') options = { ...options, experimentalAll: true };
    else options = { ...options, experimental: new Set(namesOf(value)) };
  }
  return options;
}

/** The comment `# check=…` above one instruction, which holds for that instruction only. */
function ownOptions(comments: readonly string[]): CheckOptions {
  const text = comments
    .map((each) => /^check\s*=\s*(\S+)/i.exec(each)?.[1])
    .find((each) => each !== undefined);
  try {
    return parseCheckOptions(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxProblem) return none;
    throw thrown;
  }
}

/** Whether the rule counts, for the file and for an instruction with these comments above it. */
export function counts(rule: RuleName, file: CheckOptions, comments: readonly string[]): boolean {
  const all = [file, ownOptions(comments)];
  if ('experimental' in rules[rule])
    return all.some((each) => each.experimentalAll || each.experimental.has(rule));
  return !all.some((each) => each.skipAll || each.skip.has(rule));
}

/** Names of rules that there are not, each with the one that may be meant. */
export function unknownRules(options: CheckOptions): string[] {
  return [...options.skip, ...options.experimental]
    .filter((name) => !ruleNames.some((rule) => rule === name))
    .map((name) => `${name}${didYouMean(name, ruleNames)}`);
}
