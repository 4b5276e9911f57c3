// Flags of a command: how they are declared, and how a command line is read (Docker's rules: `-it`, `-p80:80`,
// `--rm=false`, `--`, and for `run` and its like the first argument ends the flags).

import { BadFlag } from '#cli/failure.ts';
import { nearest } from '#cli/grammar/nearest.ts';
import type { ErrorDetails } from '#shared/errors.ts';

interface FlagBase {
  help: string;
  short?: string;
  /** The word that stands for its value in help. */
  value?: string;
  /** Taken and not shown. */
  hidden?: boolean;
  /** Other long names of the same flag. */
  also?: readonly string[];
}
/** On or off; `--name=false` turns it off. */
export type Toggle = FlagBase & { kind: 'toggle'; on?: boolean };
/** One text; the last one given counts. `alone` is its value where it is given without one. */
export type Text = FlagBase & { kind: 'text'; alone?: string };
/** Any number of texts, in the order given. */
export type Many = FlagBase & { kind: 'many' };

export type FlagTable = Readonly<Record<string, Toggle | Text | Many>>;

export type FlagValues<T extends FlagTable> = {
  [K in keyof T]: T[K] extends Toggle ? boolean : T[K] extends Many ? string[] : string | undefined;
};

type Extra = Omit<FlagBase, 'help'>;

export const toggle = (help: string, short?: string, extra: Extra & { on?: boolean } = {}): Toggle => ({
  kind: 'toggle',
  help,
  ...(short === undefined ? {} : { short }),
  ...extra,
});

export const text = (help: string, value: string, extra: Extra & { alone?: string } = {}): Text => ({
  kind: 'text',
  help,
  value,
  ...extra,
});

export const many = (help: string, value: string, extra: Extra = {}): Many => ({
  kind: 'many',
  help,
  value,
  ...extra,
});

export interface ParsedLine<T extends FlagTable> {
  flags: FlagValues<T>;
  /** Names of the flags that were given. */
  given: ReadonlySet<keyof T>;
  rest: string[];
}

interface LineRules {
  /** Flags end with the first argument. */
  stopAtArgument: boolean;
  /** For messages: `wharf run`. */
  name: string;
}

type Flag = FlagTable[string];

/** Raised by `-h` and `--help`. */
export class HelpWanted extends Error {}

/** Reads a command line. Throws `invalid` with the nearest right flag, and `HelpWanted`. */
export function parseLine<T extends FlagTable>(
  table: T,
  words: readonly string[],
  rules: LineRules,
): ParsedLine<T> {
  const reader = new LineReader(table, words, rules);
  reader.read();
  const flags: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) flags[name] = reader.values.get(name) ?? defaultOf(flag);
  // Filled from the same table that gives the type.
  return { flags: flags as FlagValues<T>, given: new Set(reader.values.keys()), rest: reader.rest };
}

function defaultOf(flag: Flag): unknown {
  if (flag.kind === 'toggle') return flag.on ?? false;
  return flag.kind === 'many' ? [] : undefined;
}

class LineReader {
  readonly values = new Map<string, boolean | string | string[]>();
  readonly rest: string[] = [];
  readonly #table: FlagTable;
  readonly #words: readonly string[];
  readonly #rules: LineRules;
  #at = 0;

  constructor(table: FlagTable, words: readonly string[], rules: LineRules) {
    this.#table = table;
    this.#words = words;
    this.#rules = rules;
  }

  read(): void {
    while (this.#at < this.#words.length) {
      const word = this.#words[this.#at] ?? '';
      this.#at += 1;
      if (word === '--') {
        this.rest.push(...this.#words.slice(this.#at));
        return;
      }
      if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word !== '-') this.#short(word);
      else {
        this.rest.push(word);
        if (this.#rules.stopAtArgument) {
          this.rest.push(...this.#words.slice(this.#at));
          return;
        }
      }
    }
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const found = this.#findLong(name);
    if (found === undefined) {
      if (name === 'help') throw new HelpWanted();
      throw this.#unknown(`unknown flag: --${name}`, name);
    }
    this.#take(found, `--${name}`, equals < 0 ? undefined : word.slice(equals + 1));
  }

  #findLong(name: string): [string, Flag] | undefined {
    const flag = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
    if (flag !== undefined) return [name, flag];
    return Object.entries(this.#table).find(([, each]) => each.also?.includes(name));
  }

  #short(word: string): void {
    for (let at = 1; at < word.length; at += 1) {
      const letter = word[at] ?? '';
      const found = Object.entries(this.#table).find(([, flag]) => flag.short === letter);
      if (found === undefined) {
        if (letter === 'h') throw new HelpWanted();
        throw this.#unknown(`unknown shorthand flag: '${letter}' in ${word}`);
      }
      const after = word.slice(at + 1);
      const [, flag] = found;
      if (flag.kind === 'toggle') {
        if (after.startsWith('=')) {
          this.#take(found, `-${letter}`, after.slice(1));
          return;
        }
        this.#take(found, `-${letter}`, undefined);
        continue;
      }
      this.#take(found, `-${letter}`, after === '' ? undefined : after.replace(/^=/, ''));
      return;
    }
  }

  #take([name, flag]: [string, Flag], shown: string, inline: string | undefined): void {
    if (flag.kind === 'toggle') {
      this.values.set(name, inline === undefined ? true : parseSwitch(inline, shown));
      return;
    }
    const value = inline ?? (flag.kind === 'text' ? flag.alone : undefined) ?? this.#nextWord(shown);
    const before = this.values.get(name);
    if (flag.kind === 'text') this.values.set(name, value);
    else if (Array.isArray(before)) before.push(value);
    else this.values.set(name, [value]);
  }

  #nextWord(shown: string): string {
    const word = this.#words[this.#at];
    if (word === undefined) throw this.#unknown(`flag needs an argument: ${shown}`);
    this.#at += 1;
    return word;
  }

  #unknown(message: string, name?: string): Error {
    const names = Object.entries(this.#table).flatMap(([each, flag]) => (flag.hidden ? [] : [each]));
    const near = name === undefined ? undefined : nearest(name, names);
    const help = `see '${this.#rules.name} --help'`;
    const details: ErrorDetails = { hint: near === undefined ? help : `did you mean --${near}? ${help}` };
    return new BadFlag(message, details);
  }
}

function parseSwitch(value: string, shown: string): boolean {
  if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(value)) return true;
  if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(value)) return false;
  throw new BadFlag(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: expected true or false`);
}
