// What a command is: its words, flags and deed.
import type { Cli } from '#cli/context.ts';
import { type FlagTable, type FlagValues, parseLine } from '#cli/grammar/flags.ts';
import { invalid } from '#shared/errors.ts';

export interface Call<T extends FlagTable> {
  cli: Cli;
  flags: FlagValues<T>;
  /** Names of the flags that were given, to tell a default from a wish. */
  given: ReadonlySet<keyof T>;
  args: string[];
  /** The line as it was typed, after the command's name. */
  words: readonly string[];
}

export interface CommandSpec<T extends FlagTable> {
  /** What follows `wharf` and the command's name: `[flags] IMAGE [COMMAND] [ARG...]`. */
  usage: string;
  flags: T;
  /** How many arguments it takes. */
  args: readonly [least: number, most: number];
  examples: readonly string[];
  /** The first argument ends the flags: what follows belongs to the container's command. */
  stopAtArgument?: boolean;
  /** Resolves to the exit code; none is 0. */
  run(call: Call<T>): Promise<number | undefined>;
}

/** A command whose flags' types are no longer known: what the catalog holds. */
export interface Command {
  usage: string;
  flags: FlagTable;
  examples: readonly string[];
  /** The first argument ends the flags. */
  stopAtArgument: boolean;
  /** Parses and runs. `name` is for messages: `wharf run`. */
  execute(cli: Cli, name: string, words: readonly string[]): Promise<number>;
}

export function defineCommand<const T extends FlagTable>(spec: CommandSpec<T>): Command {
  return {
    usage: spec.usage,
    flags: spec.flags,
    examples: spec.examples,
    stopAtArgument: spec.stopAtArgument ?? false,
    async execute(cli, name, words) {
      const { flags, given, rest } = parseLine(spec.flags, words, {
        stopAtArgument: spec.stopAtArgument ?? false,
        name,
      });
      checkCount(rest.length, spec.args, { name, usage: spec.usage });
      return (await spec.run({ cli, flags, given, args: rest, words })) ?? 0;
    },
  };
}

function checkCount(
  count: number,
  [least, most]: readonly [number, number],
  where: { name: string; usage: string },
): void {
  if (count >= least && count <= most) return;
  const words = (n: number) => (n === 1 ? '1 argument' : `${n} arguments`);
  const wanted =
    most === 0
      ? 'accepts no arguments'
      : least === most
        ? `requires ${words(least)}`
        : count < least
          ? `requires at least ${words(least)}`
          : `requires at most ${words(most)}`;
  throw invalid(`'${where.name}' ${wanted}`, { hint: `usage: ${where.name} ${where.usage}` });
}
