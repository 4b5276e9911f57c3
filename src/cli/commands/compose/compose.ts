// wharf compose: the flags before the command, then the command.

import type { Entry } from '#cli/catalog/entry.ts';
import { asDry, bindGlobals, composeFlags } from '#cli/commands/compose/globals.ts';
import type { Cli } from '#cli/context.ts';
import { type Command, defineCommand } from '#cli/grammar/command.ts';
import { HelpWanted, parseLine } from '#cli/grammar/flags.ts';
import { alignPairs, commandPage, flagLines } from '#cli/grammar/help.ts';
import { nearest } from '#cli/grammar/nearest.ts';
import { invalid } from '#shared/errors.ts';

const spec = defineCommand({
  usage: '[flags] COMMAND',
  flags: composeFlags,
  args: [0, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: ['wharf compose -f stack.yaml -p shop up -d', 'wharf compose --profile debug ps'],
  run: async () => 0,
});

/** Reads the flags, and runs the one of these commands that stands behind them with these. */
export function composeCommand(entries: readonly Entry[]): Command {
  return { ...spec, execute: (cli, _name, words) => runCompose(cli, entries, words) };
}

async function runCompose(cli: Cli, entries: readonly Entry[], words: readonly string[]): Promise<number> {
  const name = 'wharf compose';
  let line: ReturnType<typeof parseLine<typeof composeFlags>>;
  try {
    line = parseLine(composeFlags, words, { stopAtArgument: true, name });
  } catch (thrown) {
    if (thrown instanceof HelpWanted) return showPage(cli, entries);
    throw thrown;
  }
  const { flags, rest } = line;
  bindGlobals(cli, flags);
  const [verb, ...more] = flags.version ? ['version'] : rest;
  const chosen = flags['dry-run'] ? asDry(cli) : cli;
  if (verb === undefined || (verb === 'help' && more[0] === undefined)) return showPage(cli, entries);
  return verb === 'help'
    ? runVerb(chosen, entries, [more[0] ?? '', '--help'])
    : runVerb(chosen, entries, [verb, ...more]);
}

const verbOf = ({ name }: Entry): string => name.replace(/^compose /, '');

async function runVerb(
  cli: Cli,
  entries: readonly Entry[],
  [verb = '', ...words]: readonly string[],
): Promise<number> {
  const entry = entries.find((each) => verbOf(each) === verb);
  if (entry === undefined) {
    const near = nearest(verb, entries.map(verbOf));
    const meant = near === undefined ? '' : ` Did you mean '${near}'?`;
    throw invalid(`unknown docker command: "compose ${verb}".${meant}`, {
      hint: "see 'wharf compose --help'",
    });
  }
  const { command } = await entry.load();
  const name = `wharf compose ${verb}`;
  try {
    return await command.execute(cli, name, words);
  } catch (thrown) {
    if (!(thrown instanceof HelpWanted)) throw thrown;
    cli.stdout.write(commandPage({ name, summary: entry.summary, aliases: [] }, command));
    return 0;
  }
}

function showPage(cli: Cli, entries: readonly Entry[]): number {
  const parts = [
    'Usage:  wharf compose [flags] COMMAND',
    '',
    'Many containers from one file.',
    '',
    'Commands:',
    ...alignPairs(entries.map((each) => [verbOf(each), each.summary])),
    '',
    'Flags, before the command:',
    ...flagLines(composeFlags),
    '',
    "'wharf compose COMMAND --help' teaches one command.",
  ];
  cli.stdout.write(`${parts.join('\n')}\n`);
  return 0;
}
