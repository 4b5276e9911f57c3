// wharf create
import { createContainer } from '#cli/commands/container/create-container.ts';
import { createFlags } from '#cli/commands/container/create-flags.ts';
import { defineCommand } from '#cli/grammar/command.ts';

export const command = defineCommand({
  usage: '[flags] IMAGE [COMMAND] [ARG...]',
  flags: createFlags,
  args: [1, Number.POSITIVE_INFINITY],
  stopAtArgument: true,
  examples: ['wharf create --name web -p 8080:80 nginx', 'wharf start web'],
  async run({ cli, flags, given, args: [image = '', ...command] }) {
    const id = await createContainer(cli, { flags, given, image, command, env: cli.env }, (request) => {
      // Docker's own defaults for a container that somebody may start attached.
      const streams = flags.attach.map((name) => name.toLowerCase());
      const none = streams.length === 0;
      request.AttachStdout = none || streams.includes('stdout');
      request.AttachStderr = none || streams.includes('stderr');
      request.AttachStdin = flags.interactive || streams.includes('stdin');
      request.StdinOnce = flags.interactive && request.AttachStdin;
    });
    cli.print(id);
  },
});
