// wharf start
import { exitCodeFor } from '#cli/commands/container/run.ts';
import { startAttached } from '#cli/commands/container/start-attached.ts';
import { ExitError } from '#cli/failure.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { forEachName } from '#cli/terminal/each.ts';
import { invalid, messageOf } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER [CONTAINER...]',
  flags: {
    attach: toggle('Show its output until it ends', 'a'),
    interactive: toggle('Connect stdin', 'i'),
    'detach-keys': text('Keys that leave the container running', 'KEYS'),
  },
  args: [1, Number.POSITIVE_INFINITY],
  examples: ['wharf start web', 'wharf start -ai shell'],
  async run({ cli, flags, args }) {
    const { containers } = await cli.client();
    if (!flags.attach && !flags.interactive) {
      return forEachName(cli, args, async (name) => void (await containers.start(name)));
    }
    const [name = '', ...others] = args;
    if (others.length > 0) throw invalid('you cannot start and attach multiple containers at once');
    const { Config, State, HostConfig } = await containers.inspect(name);
    if (State.Running)
      throw invalid(`container ${name} is running already`, { hint: `use: wharf attach ${name}` });
    try {
      return await startAttached(cli, name, {
        stdin: flags.interactive && Boolean(Config.OpenStdin),
        stdout: true,
        stderr: true,
        tty: Boolean(Config.Tty),
        detachKeys: flags['detach-keys'] ?? cli.config().detachKeys,
        signalProxy: true,
        waitFor: HostConfig.AutoRemove ? 'removed' : 'next-exit',
      });
    } catch (thrown) {
      const code = exitCodeFor(messageOf(thrown));
      throw new ExitError(code === 125 ? 1 : code, thrown);
    }
  },
});
