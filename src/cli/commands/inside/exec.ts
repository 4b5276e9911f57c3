// wharf exec
import { environmentOf } from '#cli/commands/container/create-request.ts';
import { exitCodeFor } from '#cli/commands/container/run.ts';
import type { Cli } from '#cli/context.ts';
import { ExitError } from '#cli/failure.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { many, text, toggle } from '#cli/grammar/flags.ts';
import { runSession, sizeOf } from '#cli/terminal/session.ts';
import type { ExecCreateRequest } from '#shared/contract/container.ts';
import { invalid, messageOf } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER COMMAND [ARG...]',
  flags: {
    detach: toggle('Do not wait for it', 'd'),
    'detach-keys': text('Keys that leave the command running', 'KEYS'),
    env: many('Set a variable', 'NAME=VALUE', { short: 'e' }),
    'env-file': many('Set the variables of a file', 'FILE'),
    interactive: toggle('Keep stdin open', 'i'),
    privileged: toggle('Give it every right of this machine'),
    tty: toggle('Give it a terminal', 't'),
    user: text('User to run as', 'USER[:GROUP]', { short: 'u' }),
    workdir: text('Directory to run in', 'DIR', { short: 'w' }),
  },
  args: [2, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: ['wharf exec -it web sh', 'wharf exec web cat /etc/os-release'],
  async run({ cli, flags, args: [container = '', ...words] }) {
    if (flags.tty && flags.interactive && !flags.detach && !cli.stdin.isTTY)
      throw invalid('the input device is not a TTY');
    const size = flags.tty ? sizeOf(cli.stdout) : undefined;
    const detachKeys = flags['detach-keys'] ?? cli.config().detachKeys;
    const request: ExecCreateRequest = {
      AttachStdin: flags.interactive && !flags.detach,
      AttachStdout: !flags.detach,
      AttachStderr: !flags.detach,
      Tty: flags.tty,
      Cmd: words,
      Env: environmentOf(flags, cli.env),
      Privileged: flags.privileged,
      ...(flags.user === undefined ? {} : { User: flags.user }),
      ...(flags.workdir === undefined ? {} : { WorkingDir: flags.workdir }),
      ...(detachKeys === undefined ? {} : { DetachKeys: detachKeys }),
      ...(size === undefined ? {} : { ConsoleSize: [size.h, size.w] }),
    };
    const { execs } = await cli.client();
    const id = await execs.create(container, request);
    try {
      if (!flags.detach) return await runAttached(cli, id, { ...flags, detachKeys });
      await execs.startDetached(id, { Tty: flags.tty });
    } catch (thrown) {
      const code = exitCodeFor(messageOf(thrown));
      throw new ExitError(code === 125 ? 1 : code, thrown);
    }
  },
});

async function runAttached(
  cli: Cli,
  id: string,
  how: { tty: boolean; interactive: boolean; detachKeys: string | undefined },
): Promise<number> {
  const { execs } = await cli.client();
  const size = how.tty ? sizeOf(cli.stdout) : undefined;
  const socket = await execs.start(id, {
    Tty: how.tty,
    ...(size === undefined ? {} : { ConsoleSize: [size.h, size.w] }),
  });
  const ended = await runSession(cli, socket, {
    tty: how.tty,
    stdin: how.interactive,
    stdout: true,
    stderr: true,
    detachKeys: how.detachKeys,
    resize: (wanted) => execs.resize(id, wanted),
  });
  if (ended === 'detached') return 0;
  return (await execs.inspect(id)).ExitCode ?? 0;
}
