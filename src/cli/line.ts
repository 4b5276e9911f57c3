// Runs one command line and turns whatever happens into an exit code.
import type { Client } from '#client/client.ts';
import { findEntry, groups, namesUnder } from '#cli/catalog.ts';
import type { Cli } from '#cli/context.ts';
import { type FlagTable, HelpWanted, parseLine, text, toggle } from '#cli/grammar/flags.ts';
import { nearest } from '#cli/grammar/nearest.ts';
import { ExitError, printError } from '#cli/failure.ts';
import { asEngineError, exitCodeOf, invalid, unsupported } from '#shared/errors.ts';

const globalFlags = {
  host: text('The engine to talk to (unix:///path or tcp://host:port)', 'URL', { short: 'H' }),
  config: text('Where registry credentials are kept', 'DIR'),
  debug: toggle('Show where errors come from', 'D'),
  context: text('Only "default" is known', 'NAME', { short: 'c', hidden: true }),
  'log-level': text('Taken for compatibility', 'LEVEL', { short: 'l', hidden: true }),
  version: toggle('Show the version of this program', 'v'),
} satisfies FlagTable;

/** Runs the words after `wharf`. Resolves to the exit code; what went wrong has been printed. */
export async function runLine(words: readonly string[]): Promise<number> {
  process.stdout.on('error', quitWhereNobodyReads);
  process.stderr.on('error', quitWhereNobodyReads);
  let debug = words.includes('--debug');
  try {
    const { flags, rest } = parseLine(globalFlags, words, { stopAtArgument: true, name: 'wharf' });
    debug = flags.debug;
    if (flags.version) return await run(['version', '--client'], flags);
    return await run(rest, flags);
  } catch (thrown) {
    if (thrown instanceof HelpWanted) return printOverview([]);
    return report(thrown, debug);
  }
}

interface GlobalValues {
  host: string | undefined;
  config: string | undefined;
  context: string | undefined;
}

async function run(line: readonly string[], global: GlobalValues): Promise<number> {
  const [first] = line;
  if (first === undefined || first === 'help') return printOverview(line.slice(1));
  if (global.context !== undefined && global.context !== 'default') {
    throw unsupported(`context "${global.context}" is not known`, { hint: 'use --host or WHARF_HOST' });
  }
  const found = findEntry(line);
  if (found === undefined) return printUnknown(line);
  const { command } = await found.entry.load();
  const name = `wharf ${line.slice(0, found.words).join(' ')}`;
  const cli = openCli(global);
  try {
    return await command.execute(cli, name, line.slice(found.words));
  } catch (thrown) {
    if (!(thrown instanceof HelpWanted)) throw thrown;
    const { commandPage } = await import('#cli/grammar/help.ts');
    const { entry } = found;
    const aliases = [entry.name, ...entry.also]
      .map((each) => `wharf ${each}`)
      .filter((each) => each !== name);
    cli.stdout.write(commandPage({ name, summary: entry.summary, aliases }, command));
    return 0;
  }
}

async function printOverview(topic: readonly string[]): Promise<number> {
  const { groupPage, overviewPage } = await import('#cli/overview.ts');
  const [first] = topic;
  if (first === undefined) process.stdout.write(overviewPage(globalFlags));
  else if (Object.hasOwn(groups, first) && topic.length === 1) process.stdout.write(groupPage(first));
  else return run([...topic, '--help'], { host: undefined, config: undefined, context: undefined });
  return 0;
}

async function printUnknown(line: readonly string[]): Promise<number> {
  const [first = '', second] = line;
  const isGroup = Object.hasOwn(groups, first);
  if (isGroup && (second === undefined || second === '--help' || second === '-h'))
    return printOverview([first]);
  const typed = isGroup ? `${first} ${second}` : first;
  const near = nearest(isGroup ? (second ?? '') : first, namesUnder(isGroup ? first : undefined));
  const hint = `see 'wharf ${isGroup ? `${first} ` : ''}--help'`;
  if (near === undefined) throw invalid(`'${typed}' is not a wharf command.`, { hint });
  throw invalid(`'${typed}' is not a wharf command. Did you mean '${isGroup ? `${first} ` : ''}${near}'?`, {
    hint,
  });
}

function openCli(global: GlobalValues): Cli {
  const env = global.config === undefined ? process.env : { ...process.env, DOCKER_CONFIG: global.config };
  const host = global.host ?? (env['WHARF_HOST'] || env['DOCKER_HOST'] || 'unix:///run/wharf/wharf.sock');
  const interrupted = new AbortController();
  let client: Promise<Client> | undefined;
  return {
    env,
    host,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    client() {
      client ??= import('#client/client.ts').then(({ openClient }) => openClient(host));
      return client;
    },
    print: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${line}\n`),
    get signal() {
      // Only who asks for it takes the interrupt away from the default, which is to end.
      if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', () => interrupted.abort());
      return interrupted.signal;
    },
  };
}

function report(thrown: unknown, debug: boolean): number {
  if (thrown instanceof ExitError) {
    if (thrown.cause !== undefined) printError(thrown.cause, debug);
    return thrown.code;
  }
  printError(thrown, debug);
  return exitCodeOf[asEngineError(thrown).kind];
}

function quitWhereNobodyReads(thrown: NodeJS.ErrnoException): void {
  if (thrown.code === 'EPIPE') process.exit(0);
  throw thrown;
}
