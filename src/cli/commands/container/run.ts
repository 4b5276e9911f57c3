// wharf run
import { createContainer } from '#cli/commands/container/create-container.ts';
import type { CreateValues } from '#cli/commands/container/create-flags.ts';
import { createFlags } from '#cli/commands/container/create-flags.ts';
import { startAttached } from '#cli/commands/container/start-attached.ts';
import type { Cli } from '#cli/context.ts';
import { ExitError } from '#cli/failure.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { sizeOf } from '#cli/terminal/session.ts';
import { invalid, messageOf } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] IMAGE [COMMAND] [ARG...]',
  flags: {
    ...createFlags,
    detach: toggle('Run in the background and print the container id', 'd'),
    'detach-keys': text('Keys that leave the container running', 'KEYS'),
    'sig-proxy': toggle('Pass signals on to the container', undefined, { on: true }),
  },
  args: [1, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: [
    'wharf run --rm -it debian bash',
    'wharf run -d --name web -p 8080:80 nginx',
    'wharf run --rm -v "$PWD":/work -w /work python:3.11-slim python app.py',
  ],
  async run({ cli, flags, given, args: [image = '', ...command] }) {
    const streams = streamsOf(flags);
    if (flags.detach && flags.attach.length > 0)
      throw new ExitError(125, invalid('conflicting options: cannot specify both --attach and --detach'));
    if (flags.tty && streams.stdin && !cli.stdin.isTTY)
      throw new ExitError(1, invalid('the input device is not a TTY'));
    try {
      const id = await createContainer(cli, { flags, given, image, command, env: cli.env }, (request) => {
        request.AttachStdin = streams.stdin;
        request.AttachStdout = streams.stdout;
        request.AttachStderr = streams.stderr;
        request.StdinOnce = streams.stdin;
        const size = sizeOf(cli.stdout);
        if (flags.tty && size !== undefined)
          request.HostConfig = { ...request.HostConfig, ConsoleSize: [size.h, size.w] };
      }).catch((thrown) => {
        // Whatever its words say of files: no program was looked for yet.
        throw new ExitError(125, thrown);
      });
      return await startCreated(cli, id, { flags, streams });
    } catch (thrown) {
      if (thrown instanceof ExitError) throw thrown;
      throw new ExitError(exitCodeFor(messageOf(thrown)), thrown);
    }
  },
});

interface Streams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/** Without --attach: both outputs, and stdin with -i. Nothing with -d. */
function streamsOf(flags: CreateValues & { detach: boolean }): Streams {
  if (flags.detach) return { stdin: false, stdout: false, stderr: false };
  if (flags.attach.length === 0) return { stdin: flags.interactive, stdout: true, stderr: true };
  const names = flags.attach.map((name) => name.toLowerCase());
  const wrong = names.find((name) => !['stdin', 'stdout', 'stderr'].includes(name));
  if (wrong !== undefined) throw new ExitError(125, invalid('valid streams are STDIN, STDOUT and STDERR'));
  return {
    stdin: names.includes('stdin') || flags.interactive,
    stdout: names.includes('stdout'),
    stderr: names.includes('stderr'),
  };
}

type RunValues = CreateValues & { detach: boolean; 'detach-keys': string | undefined; 'sig-proxy': boolean };

async function startCreated(
  cli: Cli,
  id: string,
  how: { flags: RunValues; streams: Streams },
): Promise<number> {
  const { flags, streams } = how;
  const { containers } = await cli.client();
  try {
    if (flags.detach) {
      await containers.start(id);
      cli.print(id);
      return 0;
    }
    return await startAttached(cli, id, {
      ...streams,
      tty: flags.tty,
      detachKeys: flags['detach-keys'] ?? cli.config().detachKeys,
      signalProxy: flags['sig-proxy'],
      waitFor: flags.rm ? 'removed' : 'next-exit',
    });
  } catch (thrown) {
    // An engine that cannot start it has nothing to remove at its end.
    if (flags.rm) await containers.remove(id, { force: true, v: true }).catch(() => undefined);
    throw thrown;
  }
}

/** 127 where the program is not there, 126 where it cannot be run, 125 for all else. */
export function exitCodeFor(message: string): number {
  if (
    /executable file not found|no such file or directory(?!.*mount)|system cannot find the file/.test(message)
  )
    return 127;
  if (/permission denied|is a directory|exec format error/.test(message)) return 126;
  return 125;
}
