// wharf attach
import { defineCommand } from '#cli/grammar/command.ts';
import { text, toggle } from '#cli/grammar/flags.ts';
import { runSession } from '#cli/terminal/session.ts';
import { proxySignals } from '#cli/terminal/signals.ts';
import { invalid } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] CONTAINER',
  flags: {
    'detach-keys': text('Keys that leave the container running (ctrl-p,ctrl-q)', 'KEYS'),
    'no-stdin': toggle('Do not connect stdin'),
    'sig-proxy': toggle('Pass signals on to the container', undefined, { on: true }),
  },
  args: [1, 1],
  examples: ['wharf attach shell'],
  async run({ cli, flags, args: [name = ''] }) {
    const { containers } = await cli.client();
    const { Id, Config, State } = await containers.inspect(name);
    if (!State.Running)
      throw invalid('You cannot attach to a stopped container, start it first', {
        hint: `use: wharf start -ai ${name}`,
      });
    if (State.Paused)
      throw invalid('You cannot attach to a paused container, unpause it first', {
        hint: `use: wharf unpause ${name}`,
      });
    const tty = Boolean(Config.Tty);
    const stdin = !flags['no-stdin'] && Boolean(Config.OpenStdin);
    if (tty && stdin && !cli.stdin.isTTY) throw invalid('the input device is not a TTY');
    const { exit } = await containers.wait(Id);
    const detachKeys = flags['detach-keys'] ?? cli.config().detachKeys;
    const socket = await containers.attach(Id, {
      stdin,
      stdout: true,
      stderr: true,
      ...(detachKeys === undefined ? {} : { detachKeys }),
    });
    using _proxy = flags['sig-proxy'] && !tty ? proxySignals(containers, Id) : undefined;
    const how = await runSession(cli, socket, {
      tty,
      stdin,
      stdout: true,
      stderr: true,
      detachKeys,
      resize: redrawing((size) => containers.resize(Id, size)),
    });
    if (how === 'ended') return (await exit).StatusCode;
    cli.warn('read escape sequence');
    return 0;
  },
});

type Resize = (size: { h: number; w: number }) => Promise<unknown>;

/** What runs inside draws its screen again where the size changes: at first it is changed once too often. */
function redrawing(resize: Resize): Resize {
  let first = true;
  return async ({ h, w }) => {
    if (first) await resize({ h: h + 1, w: w + 1 });
    first = false;
    return resize({ h, w });
  };
}
