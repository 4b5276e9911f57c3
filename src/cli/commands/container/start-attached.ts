// Starting a container with this terminal on it, and learning how it ended.
import type { Cli } from '#cli/context.ts';
import { printError } from '#cli/failure.ts';
import { runSession } from '#cli/terminal/session.ts';
import { proxySignals } from '#cli/terminal/signals.ts';
import { internal } from '#shared/errors.ts';

export interface AttachedStart {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
  detachKeys: string | undefined;
  signalProxy: boolean;
  waitFor: 'next-exit' | 'removed';
}

/**
 * Attaches and begins to wait before the start, so that no output and no exit can be missed. Resolves to the
 * container's exit code, or 0 once the detach keys were typed.
 */
export async function startAttached(cli: Cli, id: string, how: AttachedStart): Promise<number> {
  const { containers } = await cli.client();
  const [socket, { exit }] = await Promise.all([
    containers.attach(id, {
      stdin: how.stdin,
      stdout: how.stdout,
      stderr: how.stderr,
      ...(how.detachKeys === undefined ? {} : { detachKeys: how.detachKeys }),
    }),
    containers.wait(id, how.waitFor),
  ]);
  using _proxy = how.signalProxy && !how.tty ? proxySignals(containers, id) : undefined;
  const started = containers.start(id);
  const session = runSession(cli, socket, {
    ...how,
    resize: async (size) => {
      await started;
      await containers.resize(id, size);
    },
  });
  try {
    await started;
  } catch (thrown) {
    socket.destroy();
    await session.catch(() => undefined);
    throw thrown;
  }
  if ((await session) === 'detached') {
    cli.warn('read escape sequence');
    return 0;
  }
  const { StatusCode, Error: failure } = await exit;
  if (failure?.Message) printError(internal(failure.Message));
  return StatusCode;
}
