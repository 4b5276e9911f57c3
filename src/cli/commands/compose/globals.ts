// The flags that stand between `compose` and its command, and how the command gets to know them.
import { dryCli } from '#cli/commands/compose/dry-run.ts';
import type { Cli } from '#cli/context.ts';
import { ExitError } from '#cli/failure.ts';
import { type Call, type Command, type CommandSpec, defineCommand } from '#cli/grammar/command.ts';
import {
  type FlagTable,
  type FlagValues,
  HelpWanted,
  many,
  parseLine,
  text,
  toggle,
} from '#cli/grammar/flags.ts';
import { invalid } from '#shared/errors.ts';

export const composeFlags = {
  'all-resources': toggle('Take networks and volumes along that no service uses'),
  ansi: text('Colours and moving lines: auto, always or never', 'WHEN'),
  compatibility: toggle('', undefined, { hidden: true }),
  'dry-run': toggle('Only show what would be done'),
  'env-file': many('Fill variables from this file', 'FILE'),
  file: many('The Compose file; several are merged in their order', 'FILE', { short: 'f' }),
  parallel: text('', 'N', { hidden: true }),
  profile: many('Take the services of this profile along', 'NAME'),
  progress: text('How to show it: auto, plain, tty or quiet', 'MODE'),
  'project-directory': text('What relative paths start from', 'DIR'),
  'project-name': text('Name of the project', 'NAME', { short: 'p' }),
  verbose: toggle('', undefined, { hidden: true }),
  version: toggle('Show the version', 'v'),
} satisfies FlagTable;

export type ComposeGlobals = FlagValues<typeof composeFlags>;

const none: ComposeGlobals = parseLine(composeFlags, [], {
  stopAtArgument: true,
  name: 'wharf compose',
}).flags;
const known = new WeakMap<Cli, ComposeGlobals>();

/** From now on commands that are run with this `cli` have these flags. Throws `invalid`. */
export function bindGlobals(cli: Cli, globals: ComposeGlobals): void {
  const { ansi = 'auto', progress = 'auto' } = globals;
  if (!['auto', 'always', 'never'].includes(ansi))
    throw invalid(`unknown value for --ansi "${ansi}"`, { hint: 'auto, always and never are known' });
  if (!['auto', 'plain', 'tty', 'quiet', 'json', 'rawjson'].includes(progress))
    throw invalid(`unsupported --progress value "${progress}"`, {
      hint: 'auto, plain, tty and quiet are known',
    });
  known.set(cli, globals);
}

export function globalsOf(cli: Cli): ComposeGlobals {
  return known.get(cli) ?? none;
}

const dryRun = { 'dry-run': toggle('', undefined, { hidden: true }) } satisfies FlagTable;

/** The command line whose commands only show what they would do. */
export function asDry(cli: Cli): Cli {
  if (dry.has(cli)) return cli;
  const changed = dryCli(cli);
  known.set(changed, globalsOf(cli));
  dry.add(changed);
  return changed;
}

const dry = new WeakSet<Cli>();

/** Whether commands only show what they would do. */
export function isDry(cli: Cli): boolean {
  return dry.has(cli);
}

/** A command of `compose`: whatever fails, it ends with 1 as Docker Compose does, or with 130 where it was interrupted. */
export function defineCompose<const T extends FlagTable>(spec: CommandSpec<T>): Command {
  return defineCommand({
    ...spec,
    // As with Docker Compose it may stand before and after the name of the command.
    flags: { ...dryRun, ...spec.flags },
    async run(call: Call<T>): Promise<number | undefined> {
      try {
        const cli = Reflect.get(call.flags, 'dry-run') === true ? asDry(call.cli) : call.cli;
        return await spec.run({ ...call, cli });
      } catch (thrown) {
        if (thrown instanceof ExitError || thrown instanceof HelpWanted) throw thrown;
        throw new ExitError(1, thrown);
      }
    },
  });
}

/** Whether output to a terminal (or to what `--ansi always` calls one) may have colours. */
export function hasColours(cli: Cli, isTty: boolean | undefined): boolean {
  const { ansi } = globalsOf(cli);
  if (ansi === 'always') return true;
  return ansi !== 'never' && isTty === true && (cli.env['NO_COLOR'] ?? '') === '';
}

/** The number of a flag such as `--timeout 5`; nothing where it was not given. Throws `invalid`. */
export function numberOf(value: string | undefined, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number)) return number;
  throw invalid(`invalid argument ${JSON.stringify(value)} for "--${flag}" flag: expected a whole number`);
}
