// Runs one command line and turns whatever happens into an exit code.

import { entry } from '#cli/catalog/entry.ts';
import { findEntry, groups, namesUnder } from '#cli/catalog.ts';
import type { Cli, Input } from '#cli/context.ts';
import { endpointOf, type GlobalValues, globalFlags } from '#cli/endpoint.ts';
import { BadFlag, ExitError, printError } from '#cli/failure.ts';
import { type ConfigFile, readConfig } from '#cli/files/config-file.ts';
import { HelpWanted, parseLine } from '#cli/grammar/flags.ts';
import { nearest } from '#cli/grammar/nearest.ts';
import { openInput } from '#cli/terminal/input.ts';
import type { Client } from '#client/client.ts';
import { asEngineError, exitCodeOf, invalid, unsupported } from '#shared/errors.ts';
import { NeedsNode } from '#shared/needs-node.ts';

/** What the shells' scripts call, and no page shows. It reads the catalog, so it cannot stand there. */
const completer = entry(
  '__complete',
  [],
  'Tell a shell what may come next.',
  () => import('#cli/commands/shell/complete.ts'),
);

/** Runs the words after `wharf`. Resolves to the exit code; what went wrong has been printed. */
export async function runLine(words: readonly string[]): Promise<number> {
  process.stdout.on('error', quitWhereNobodyReads);
  let debug = words.includes('--debug');
  try {
    const { flags, rest } = parseLine(globalFlags, words, { stopAtArgument: true, name: 'wharf' });
    debug = flags.debug;
    if (flags.version) return await run(['version', '--client'], flags);
    return await run(rest, flags);
  } catch (thrown) {
    if (thrown instanceof HelpWanted) return printOverview([]);
    const cause = thrown instanceof ExitError ? thrown.cause : thrown;
    if (!(cause instanceof NeedsNode)) return report(thrown, debug);
    const { handOver } = await import('#cli/hand-over.ts');
    return report(handOver(words, cause), debug);
  }
}

async function run(line: readonly string[], global: GlobalValues): Promise<number> {
  const [first] = line;
  if (first === undefined || first === 'help') return printOverview(line.slice(1));
  const found = first === completer.name ? { entry: completer, words: 1 } : findEntry(line);
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
  else
    return run(
      [...topic, '--help'],
      parseLine(globalFlags, [], { stopAtArgument: true, name: 'wharf' }).flags,
    );
  return 0;
}

/** Commands of Docker's own that are not here on purpose. */
const refused: Record<string, string> = {
  checkpoint: 'the engine keeps no checkpoints of processes',
  plugin: 'the engine has no plugins: its drivers are built in',
  trust: 'images are not signed by Notary here',
  ...Object.fromEntries(
    ['swarm', 'node', 'service', 'stack', 'secret', 'config'].map((name) => [
      name,
      'the engine is in no swarm',
    ]),
  ),
};

async function printUnknown(line: readonly string[]): Promise<number> {
  const [first = '', second] = line;
  const reason = Object.hasOwn(refused, first) ? refused[first] : undefined;
  if (reason !== undefined)
    throw unsupported(`wharf has no command '${first}': ${reason}`, {
      hint: first === 'checkpoint' ? 'see: wharf pause, wharf commit' : "see 'wharf --help'",
    });
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
  const interrupted = new AbortController();
  let endpoint: ReturnType<Cli['endpoint']> | undefined;
  let client: Promise<Client> | undefined;
  let config: ConfigFile | undefined;
  let input: Input | undefined;
  const connect = async () => {
    const { openClient } = await import('#client/client.ts');
    const { host, tls } = await cli.endpoint();
    const { HttpHeaders: headers } = cli.config();
    return openClient(host, {
      ...(tls === undefined ? {} : { tls }),
      ...(headers === undefined ? {} : { headers }),
    });
  };
  const cli: Cli = {
    env,
    // Node makes each of them when it is first asked for, and loads much for it: most commands have no use for stdin.
    get stdin() {
      input ??= openInput();
      return input;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return watchedStderr();
    },
    config() {
      config ??= readConfig(env);
      return config;
    },
    endpoint() {
      endpoint ??= endpointOf(global, env);
      return endpoint;
    },
    client() {
      client ??= connect();
      return client;
    },
    print: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void watchedStderr().write(`${line}\n`),
    get signal() {
      // Only who asks for it takes the interrupt away from the default, which is to end.
      if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', () => interrupted.abort());
      return interrupted.signal;
    },
  };
  return cli;
}

function report(thrown: unknown, debug: boolean): number {
  watchedStderr();
  if (thrown instanceof ExitError) {
    if (thrown.cause !== undefined) printError(thrown.cause, debug);
    return thrown.code;
  }
  printError(thrown, debug);
  return thrown instanceof BadFlag ? 125 : exitCodeOf[asEngineError(thrown).kind];
}

function watchedStderr(): NodeJS.WriteStream {
  const { stderr } = process;
  if (stderr.listenerCount('error') === 0) stderr.on('error', quitWhereNobodyReads);
  return stderr;
}

function quitWhereNobodyReads(thrown: NodeJS.ErrnoException): void {
  if (thrown.code === 'EPIPE') process.exit(0);
  throw thrown;
}
