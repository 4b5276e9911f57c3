// Flags of instructions, `--name=value` before the arguments: parsed alike for all, known by one table.
import { parseDeviceFlag } from '../devices/device-flag.ts';
import { SyntaxProblem } from './errors.ts';
import { didYouMean } from './nearest.ts';
import { splitWords } from './words.ts';

export interface Flag {
  name: string;
  /** Empty where it was given without `=`. */
  value: string;
  /** Where it begins in its line. */
  at: number;
}

/** Problems of `judge` are told with the place of the flag. */
export function atFlag(flag: Flag, judge: () => unknown): void {
  try {
    judge();
  } catch (thrown) {
    if (!(thrown instanceof SyntaxProblem)) throw thrown;
    throw new SyntaxProblem(thrown.message, { expected: thrown.expected, at: flag.at });
  }
}

/** Flags each instruction knows. `switch` ones may stand without a value; `many` ones may be repeated. */
const known: Record<string, Record<string, 'value' | 'switch' | 'many'>> = {
  FROM: { platform: 'value' },
  RUN: { mount: 'many', network: 'value', security: 'value', device: 'many' },
  COPY: { from: 'value', chown: 'value', chmod: 'value', link: 'switch', parents: 'switch', exclude: 'many' },
  ADD: {
    chown: 'value',
    chmod: 'value',
    checksum: 'value',
    link: 'switch',
    'keep-git-dir': 'switch',
    unpack: 'switch',
    exclude: 'many',
  },
  HEALTHCHECK: {
    interval: 'value',
    timeout: 'value',
    'start-period': 'value',
    'start-interval': 'value',
    retries: 'value',
  },
};

/** Takes the leading `--flags` off an instruction's arguments, which begin at `start`, without judging them. */
export function splitFlags(
  text: string,
  { escapeChar, start }: { escapeChar: string; start: number },
): { flags: Flag[]; rest: string } {
  const flags: Flag[] = [];
  let rest = text.trimStart();
  while (rest.startsWith('--')) {
    const word = splitWords(rest, escapeChar)[0] ?? '';
    const place = start + text.length - rest.length;
    rest = rest.slice(word.length).trimStart();
    if (word === '--') break;
    const at = word.indexOf('=');
    const [name, value] = at < 0 ? [word.slice(2), ''] : [word.slice(2, at), word.slice(at + 1)];
    flags.push({ name, value, at: place });
  }
  return { flags, rest };
}

/** Refuses flags the instruction does not know, repeats, and missing values. */
export function checkFlags(keyword: string, flags: readonly Flag[]): void {
  const allowed = known[keyword] ?? {};
  const seen = new Set<string>();
  for (const flag of flags) {
    atFlag(flag, () => checkFlag(flag, { keyword, allowed, isRepeated: seen.has(flag.name) }));
    seen.add(flag.name);
  }
}

function checkFlag(
  flag: Flag,
  given: { keyword: string; allowed: Record<string, 'value' | 'switch' | 'many'>; isRepeated: boolean },
): void {
  const { keyword, allowed, isRepeated } = given;
  const names = Object.keys(allowed);
  const kind = Object.hasOwn(allowed, flag.name) ? allowed[flag.name] : undefined;
  if (kind === undefined) {
    const expected =
      names.length === 0 ? `no flags for ${keyword}` : names.map((name) => `--${name}`).join(', ');
    throw new SyntaxProblem(`unknown flag: --${flag.name}${didYouMean(flag.name, names, '--')}`, {
      expected,
    });
  }
  if (kind !== 'many' && isRepeated) throw new SyntaxProblem(`duplicate flag specified: --${flag.name}`);
  if (kind === 'switch') switchFlag([flag], flag.name);
  if (kind !== 'switch' && flag.value === '') {
    throw new SyntaxProblem(`missing a value on flag: --${flag.name}`, { expected: `--${flag.name}=value` });
  }
  if (flag.name === 'device') parseDeviceFlag(flag.value);
}

/** The value of a flag, or undefined. */
export function flagValue(flags: readonly Flag[], name: string): string | undefined {
  return flags.find((flag) => flag.name === name)?.value;
}

/** Whether a switch is on; undefined where it was not given. */
export function switchFlag(flags: readonly Flag[], name: string): boolean | undefined {
  const value = flagValue(flags, name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (['', 'true', '1', 't'].includes(value)) return true;
  if (['false', '0', 'f'].includes(value)) return false;
  throw new SyntaxProblem(`expecting boolean value for flag ${name}, not: ${value}`, {
    expected: 'true or false',
  });
}
